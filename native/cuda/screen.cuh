#pragma once
// The screen: products of 128 rows with all targets on the tensor cores, tile by tile, and what is wanted of the scores
// taken in registers. The rows × targets matrix is never written.
#include "cuda/instructions.h"
#include "cuda/packed.h"
#include "cuda/warp.cuh"

namespace matomari::cuda {

struct ScreenRows {
  const std::uint16_t* halves;
  const RowFacts* facts;
  const Extent* extents;
  std::size_t count;
};

// What becomes of the scores: the nearest target of each row, or a note of those in doubt.
struct TakeBest {
  static constexpr bool kBest = true;
  ScreenBound bound;
  std::int32_t* labels;
  unsigned* open_count;      // rows in doubt, in no particular order
  std::uint32_t* open_rows;
  double* open_limits;
};
// Or the targets whose score is not above the limit of the row.
struct TakeBelow {
  static constexpr bool kBest = false;
  unsigned* counts;         // [rows]
  std::int32_t* candidates;  // [rows × kFew]
};
inline constexpr unsigned kFew = 16;  // candidates of a row that are written down

__device__ inline void settle(const TakeBest& take, const ScreenRows& x, const Targets& c, std::size_t row, const Lowest& found) {
  if (row >= x.count) return;
  const auto j = static_cast<std::size_t>(found.index);
  const std::size_t own = j < c.count ? j : 0;
  auto value = [](unsigned long long bits) { return __longlong_as_double(static_cast<long long>(bits)); };
  const Extent widest{value(c.widest->norm), value(c.widest->error)};
  const Verdict v = judge(take.bound, x.extents[row], found, c.count, c.extents[own], c.offsets[own], widest, value(c.widest->highest));
  if (v.proven) {
    take.labels[row] = found.index;
    return;
  }
  const unsigned at = atomicAdd(take.open_count, 1u);
  take.open_rows[at] = static_cast<std::uint32_t>(row);
  take.open_limits[at] = v.limit;
}

__device__ inline void note_below(const TakeBelow& take, const ScreenRows& x, std::size_t targets, std::size_t row, float limit,
                                  float score, std::int32_t j) {
  // Written so that what is not a number counts.
  if (score > limit || row >= x.count || static_cast<std::size_t>(j) >= targets) return;
  const unsigned at = atomicAdd(take.counts + row, 1u);
  if (at < kFew) take.candidates[row * kFew + at] = j;
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
