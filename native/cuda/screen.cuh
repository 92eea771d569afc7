#pragma once
// The screen: products of 128 rows with all targets on the tensor cores, tile by tile, and what is wanted of the scores
// taken in registers. The rows × targets matrix is never written.
#include "cuda/instructions.h"
#include "cuda/packed.h"
#include "cuda/warp.cuh"

namespace matomari::cuda {

__device__ inline void settle(const TakeBest& take, const ScreenRows& x, const Targets& c, std::size_t row, const Lowest& found) {
  if (row >= x.count) return;
  const auto j = static_cast<std::size_t>(found.index);
  const std::size_t own = j < c.count ? j : 0;
  auto value = [](unsigned long long bits) { return __longlong_as_double(static_cast<long long>(bits)); };
  const Extent widest{value(c.widest->norm), value(c.widest->error)};
  const Verdict v = judge(take.bound, x.extents[row], found, c.count, c.extents[own], c.offsets[own], widest, value(c.widest->highest));
  if (v.proven) {
    take.labels[take.first + row] = found.index;
    return;
  }
  const unsigned at = atomicAdd(take.open_count, 1u);
  take.open_rows[at] = static_cast<std::uint32_t>(take.first + row);
  take.open_limits[at] = v.limit;
}

__device__ inline void note_below(const TakeBelow& take, const ScreenRows& x, std::size_t targets, std::size_t row, float limit,
                                  float score, const TargetFacts& t, std::size_t j) {
  // Written so that what is not a number counts; nor do scores of targets as long as that tell anything.
  if ((score > limit && t.norm < 1e18f) || row >= x.count || j >= targets || j < take.from) return;
  const unsigned at = atomicAdd(take.counts + row, 1u);
  if (at < take.most) take.candidates[row * take.most + at] = static_cast<std::int32_t>(j) + take.base;
}

// The targets that a block goes through: pairs of tiles [begin, end). Where rows are few, several blocks share the targets of
// a tile of rows; not for the nearest one.
struct Share {
  unsigned tile, begin, end;
};
template <class Take>
__device__ Share share_of(std::size_t targets, unsigned splits) {
  const std::size_t pairs = padded_targets(targets) / (kColumnTiles * kTileRows);
  if constexpr (Take::kBest) return {blockIdx.x, 0, static_cast<unsigned>(pairs)};
  const std::size_t split = blockIdx.x % splits;
  return {blockIdx.x / splits, static_cast<unsigned>(pairs * split / splits), static_cast<unsigned>(pairs * (split + 1) / splits)};
}

// The best over the four lanes that share a row.
__device__ inline void merge_lanes(Lowest& found) {
  for (unsigned mask = 1; mask <= 2; mask *= 2) {
    Lowest other;
    other.best = __shfl_xor_sync(kAllLanes, found.best, mask);
    other.second = __shfl_xor_sync(kAllLanes, found.second, mask);
    other.index = __shfl_xor_sync(kAllLanes, found.index, mask);
    found.merge(other);
  }
}

}  // namespace matomari::cuda
