#include "cuda/search.h"

#include <algorithm>
#include <type_traits>

#include "cuda/decide.cuh"
#include "cuda/prepare.h"
#include "cuda/screener.h"

namespace matomari::cuda {

Search::Search(const Session& session, Metric metric, std::size_t clusters, std::size_t d, const float* shift, std::size_t rows)
    : session_(session), metric_(metric), clusters_(clusters), d_(d), recheck_(std::min(rows, rows_at_once(16384))), shift_(metric == Metric::dot ? nullptr : shift),
      bound_(tensor_bound(metric, d)), wide_(session, clusters * d), targets_(session, clusters, d), open_count_(session, 1),
      crowded_count_(session, 1), open_rows_(session, rows), crowded_(session, rows), open_limits_(session, rows),
      open_(session, recheck_, d), counts_(session, recheck_),
      candidates_(session, recheck_ * kFew) {}

template <class T>
void Search::set(const T* targets, bool exact) {
  widen(session_, targets, clusters_, d_, metric_ == Metric::cosine, wide_.data());
  decider_ = {metric_, wide_.data(), nullptr, clusters_, d_};
  if constexpr (std::is_same_v<T, float>)
    if (exact) decider_.exact_targets = targets;
  pack_targets(wide_.data(), clusters_, targets_);
}

void Search::pack_targets(const double* values, std::size_t count, PackedTargets& into) const {
  cuda::pack_targets(session_, PackSource<double>{values, nullptr, shift_, nullptr, count, d_}, bound_, metric_ != Metric::dot, into);
}

void Search::set(const double* targets) { set(targets, false); }
void Search::set(const float* targets) { set(targets, metric_ != Metric::cosine); }

void Search::pack(const float* points, const double* inverse_norm, std::size_t rows, const PackedRows& into) const {
  pack_rows(session_, {points, inverse_norm, shift_, nullptr, rows, d_}, bound_, nullptr, into);
}

std::size_t Search::assign(const float* points, const double* inverse_norm, std::size_t rows, const PackedRows& packed,
                           std::int32_t* labels) const {
  if (rows == 0) return 0;
  open_count_.clear(1);
  screen_best(session_, packed.view(rows), targets_.view(), d_,
              TakeBest{bound_, 0, labels, open_count_.data(), open_rows_.data(), open_limits_.data()});
  crowded_count_.clear(1);
  const std::size_t open = open_count_.fetch();
  for (std::size_t first = 0; first < open; first += recheck_)
    recheck(points, inverse_norm, first, std::min(recheck_, open - first), labels);
  // Some rows at a time, so that a cancelled job is not kept waiting.
  const std::size_t crowded = open > 0 ? crowded_count_.fetch() : 0;
  const std::size_t some = std::clamp<std::size_t>((std::size_t{1} << 33) / (clusters_ * d_), session_.processors(), 4096);
  for (std::size_t first = 0; first < crowded; first += some) {
    const std::size_t count = std::min(some, crowded - first);
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
  pack_rows(session_, {points, inverse_norm, shift_, rows, count, d_}, bound_, open_limits_.data() + first, open_);
  counts_.clear(count);
  screen_below(session_, open_.view(count), targets_.view(), d_, TakeBelow{counts_.data(), candidates_.data(), kFew, 0, 0});
  launch(session_.stream(), blocks(count, kDecideThreads / 32), kDecideThreads, 0, decide_few, decider_, OpenRows{points, rows, count},
         static_cast<const unsigned*>(counts_.data()), static_cast<const std::int32_t*>(candidates_.data()), labels,
         crowded_count_.data(), crowded_.data());
  session_.wait();
}

}  // namespace matomari::cuda
