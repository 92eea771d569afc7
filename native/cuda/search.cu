#include "cuda/search.h"

#include <algorithm>
#include <type_traits>

#include "cuda/decide.cuh"
#include "cuda/prepare.h"
#include "cuda/screen_ampere.cuh"
#include "cuda/screen_hopper.cuh"

namespace matomari::cuda {

namespace {
constexpr unsigned kPackThreads = 256;  // eight vectors a block
}

Search::Packed::Packed(const Session& session, std::size_t rows, std::size_t d)
    : halves(session, padded_rows(rows) * depth_tiles(d) * kTileDepth), facts(session, padded_rows(rows)),
      extents(session, padded_rows(rows)) {}

Search::Search(const Session& session, Metric metric, std::size_t clusters, std::size_t d, const float* shift, std::size_t rows)
    : session_(session), metric_(metric), clusters_(clusters), d_(d), shift_(metric == Metric::dot ? nullptr : shift),
      bound_(tensor_bound(metric, d)), wide_(session, clusters * d),
      halves_(session, padded_targets(clusters) * depth_tiles(d) * kTileDepth), facts_(session, padded_targets(clusters)),
      extents_(session, clusters), offsets_(session, clusters), widest_(session, 1), open_count_(session, 1),
      crowded_count_(session, 1), open_rows_(session, rows), crowded_(session, rows), open_limits_(session, rows),
      open_(session, std::min(rows, kRecheck), d), counts_(session, std::min(rows, kRecheck)),
      candidates_(session, std::min(rows, kRecheck) * kFew) {}

template <class T>
void Search::set(const T* targets, bool exact) {
  widen(session_, targets, clusters_, d_, metric_ == Metric::cosine, wide_.data());
  decider_ = {metric_, wide_.data(), nullptr, clusters_, d_};
  if constexpr (std::is_same_v<T, float>)
    if (exact) decider_.exact_targets = targets;
  widest_.clear(1);
  const PackSource<double> source{wide_.data(), nullptr, shift_, nullptr, clusters_, padded_targets(clusters_), d_};
  launch(session_.stream(), blocks(source.padded, kPackThreads / 32), kPackThreads, 0, pack_targets<double>, source, bound_,
         metric_ != Metric::dot, halves_.data(), facts_.data(), extents_.data(), offsets_.data(), widest_.data());
}

void Search::set(const double* targets) { set(targets, false); }
void Search::set(const float* targets) { set(targets, metric_ != Metric::cosine); }

void Search::pack(const float* points, const double* inverse_norm, std::size_t rows, const Packed& into) const {
  const PackSource<float> source{points, inverse_norm, shift_, nullptr, rows, padded_rows(rows), d_};
  launch(session_.stream(), blocks(source.padded, kPackThreads / 32), kPackThreads, 0, pack_rows<float>, source, bound_,
         static_cast<const double*>(nullptr), into.halves.data(), into.facts.data(), into.extents.data());
}

template <class Take>
void Search::screen(const ScreenRows& rows, const Take& take) const {
  const Targets targets{halves_.data(), facts_.data(), extents_.data(), offsets_.data(), widest_.data(), clusters_};
  const unsigned grid = blocks(rows.count, kTileRows);
  if (session_.hopper())
    launch(session_.stream(), grid, hopper::kThreads, hopper::kShared, hopper::screen<Take>, rows, targets, d_, take);
  else
    launch(session_.stream(), grid, ampere::kThreads, ampere::kShared, ampere::screen<Take>, rows, targets, d_, take);
}

std::size_t Search::assign(const float* points, const double* inverse_norm, std::size_t rows, const Packed& packed,
                           std::int32_t* labels) const {
  if (rows == 0) return 0;
  open_count_.clear(1);
  screen(ScreenRows{packed.halves.data(), packed.facts.data(), packed.extents.data(), rows},
         TakeBest{bound_, labels, open_count_.data(), open_rows_.data(), open_limits_.data()});
  crowded_count_.clear(1);
  const std::size_t open = open_count_.fetch();
  for (std::size_t first = 0; first < open; first += kRecheck)
    recheck(points, inverse_norm, first, std::min(kRecheck, open - first), labels);
  // Some rows at a time, so that a cancelled job is not kept waiting.
  const std::size_t crowded = open > 0 ? crowded_count_.fetch() : 0;
  constexpr std::size_t kSome = 4096;
  for (std::size_t first = 0; first < crowded; first += kSome) {
    const std::size_t count = std::min(kSome, crowded - first);
    launch(session_.stream(), static_cast<unsigned>(count), kCrowdThreads, 0, decide_all, decider_,
           OpenRows{points, crowded_.data() + first, count}, labels);
    session_.wait();
  }
  return open;
}

// Screens rows in doubt once more to name the targets that could still win, and lets float64 choose among them.
void Search::recheck(const float* points, const double* inverse_norm, std::size_t first, std::size_t count,
                     std::int32_t* labels) const {
  const std::uint32_t* const rows = open_rows_.data() + first;
  const PackSource<float> source{points, inverse_norm, shift_, rows, count, padded_rows(count), d_};
  launch(session_.stream(), blocks(source.padded, kPackThreads / 32), kPackThreads, 0, pack_rows<float>, source, bound_,
         static_cast<const double*>(open_limits_.data() + first), open_.halves.data(), open_.facts.data(), open_.extents.data());
  counts_.clear(count);
  screen(ScreenRows{open_.halves.data(), open_.facts.data(), open_.extents.data(), count},
         TakeBelow{counts_.data(), candidates_.data()});
  launch(session_.stream(), blocks(count, kPackThreads / 32), kPackThreads, 0, decide_few, decider_, OpenRows{points, rows, count},
         static_cast<const unsigned*>(counts_.data()), static_cast<const std::int32_t*>(candidates_.data()), labels,
         crowded_count_.data(), crowded_.data());
  session_.wait();
}

}  // namespace matomari::cuda
