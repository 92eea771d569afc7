#include "kmeans/centroid_sums.h"

#include <algorithm>
#include <utility>

#include "core/fixed_point.h"
#include "core/parallel.h"

namespace matomari {

CentroidSums::CentroidSums(const simd::Kernels& k, core::ConstMatrix points, const double* factor, std::size_t clusters,
                           const double* largest)
    : k_(k), points_(points), factor_(factor), clusters_(clusters), scale_(points.cols),
      sums_(clusters * points.cols, 0) {
  for (std::size_t l = 0; l < points.cols; ++l) scale_[l] = core::fixed_scale(largest[l], points.rows);
}

void CentroidSums::apply(core::Context& ctx, const std::vector<Move>& moves) {
  // Arrivals and departures by cluster, so that a thread adds up a run of them in cache before it touches the sums.
  const std::size_t d = points_.cols;
  std::vector<std::size_t> start(clusters_ + 1, 0);
  for (const Move& m : moves) {
    if (m.from >= 0) ++start[static_cast<std::size_t>(m.from) + 1];
    if (m.to >= 0) ++start[static_cast<std::size_t>(m.to) + 1];
  }
  for (std::size_t c = 0; c < clusters_; ++c) start[c + 1] += start[c];
  struct Entry {
    std::size_t row;
    std::uint32_t cluster;
    bool leaves;
  };
  std::vector<Entry> entries(start[clusters_]);
  for (const Move& m : moves) {
    if (m.from >= 0) entries[start[static_cast<std::size_t>(m.from)]++] = {m.row, static_cast<std::uint32_t>(m.from), true};
    if (m.to >= 0) entries[start[static_cast<std::size_t>(m.to)]++] = {m.row, static_cast<std::uint32_t>(m.to), false};
  }
  core::Buffer<std::int64_t> local(ctx.threads() * d);
  core::parallel_for(ctx, entries.size(), 262144 / std::max<std::size_t>(1, d), [&](std::size_t begin, std::size_t end, unsigned slot) {
    std::int64_t* const run = local.data() + slot * d;
    for (std::size_t e = begin; e < end;) {
      const std::uint32_t cluster = entries[e].cluster;
      std::fill_n(run, d, 0);
      for (; e < end && entries[e].cluster == cluster; ++e)
        k_.add_fixed(points_.row(entries[e].row), factor_ ? factor_[entries[e].row] : 1.0, scale_.data(), d, run,
                     entries[e].leaves);
      std::int64_t* const sums = sums_.data() + cluster * d;
      for (std::size_t l = 0; l < d; ++l) __atomic_fetch_add(sums + l, run[l], __ATOMIC_RELAXED);
    }
  });
}

void CentroidSums::open(unsigned threads) {
  if (shares_.size() == threads) return;
  shares_.resize(threads);
  for (Share& share : shares_)
    if (sums_.size() * sizeof(std::int64_t) <= kNear) share.sums = core::Buffer<std::int64_t>(sums_.size(), 0);
}

void CentroidSums::note(unsigned slot, const std::vector<Move>& moves) {
  Share& share = shares_[slot];
  if (share.sums.size() == 0) {
    share.moves.insert(share.moves.end(), moves.begin(), moves.end());
    return;
  }
  constexpr std::size_t kAhead = 4;  // rows that are fetched before they are wanted
  const std::size_t d = points_.cols, count = moves.size();
  const auto fetch = [&](std::size_t n) {
    const float* const x = points_.row(moves[std::min(n, count - 1)].row);
    for (std::size_t l = 0; l < d; l += 16) __builtin_prefetch(x + l);
  };
  for (std::size_t n = 0; n < std::min(kAhead, count); ++n) fetch(n);
  for (std::size_t n = 0; n < count; ++n) {
    fetch(n + kAhead);
    const Move& m = moves[n];
    const double factor = factor_ ? factor_[m.row] : 1.0;
    const auto sum = [&](std::int32_t cluster) { return share.sums.data() + static_cast<std::size_t>(cluster) * d; };
    if (m.from >= 0)
      k_.move_fixed(points_.row(m.row), factor, scale_.data(), d, sum(m.from), sum(m.to));
    else
      k_.add_fixed(points_.row(m.row), factor, scale_.data(), d, sum(m.to), false);
  }
}

void CentroidSums::collect(core::Context& ctx) {
  std::vector<Move> moves;
  for (Share& share : shares_) {
    moves.insert(moves.end(), share.moves.begin(), share.moves.end());
    share.moves.clear();
    for (std::size_t l = 0; l < share.sums.size(); ++l) sums_[l] += std::exchange(share.sums[l], 0);
  }
  apply(ctx, moves);
}

}  // namespace matomari
