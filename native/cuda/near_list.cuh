#pragma once
// The nearest points of a query so far, in order: a warp keeps the list of a query. The order is that of nearest/neighbour.h,
// which is total, so that the list is the same whatever came first.
#include "core/wide_sum.h"
#include "cuda/walk.cuh"
#include "nearest/neighbour.h"

namespace matomari::cuda {

// Points on the device: rows first … first + rows − 1 of all; their pointers begin with the first of them.
struct NearPoints {
  Metric metric;
  const float* rows;      // [count × d]
  const double* squares;  // [count]
  std::size_t first, count, d;

  __device__ bool has(std::int32_t index) const { return static_cast<std::size_t>(index) - first < count; }
  __device__ const float* row(std::int32_t index) const { return rows + (static_cast<std::size_t>(index) - first) * d; }
};

struct NearList {
  Scored* entries;  // [k], nearest first
  unsigned filled, k;
  bool torn;  // two could not be told apart by float64, and one is no longer on the device

  // No point whose true value is above this belongs here.
  __device__ double limit() const { return filled == k ? entries[k - 1].value + entries[k - 1].blur : HUGE_VAL; }

  // As nearer() of nearest/neighbour.h.
  __device__ bool nearer(const NearPoints& p, const float* x, const Scored& a, const Scored& b) {
    if (p.metric != Metric::cosine && a.index != b.index && fabs(a.value - b.value) <= a.blur + b.blur) {
      if (p.has(a.index) && p.has(b.index)) {
        core::WideSum sum;
        const int sign = compare_exactly(p.metric, x, p.row(a.index), p.row(b.index), p.d, sum);
        return sign != 0 ? sign < 0 : a.index < b.index;
      }
      torn = true;
    }
    return a.value != b.value ? a.value < b.value : a.index < b.index;
  }

  // By all lanes of a warp, with the same point.
  __device__ void insert(const NearPoints& p, const float* x, const Scored& s) {
    const unsigned lane = threadIdx.x % 32;
    unsigned at = 0;
    for (unsigned end = filled; at < end;) {
      const unsigned middle = (at + end) / 2;
      if (nearer(p, x, entries[middle], s))
        at = middle + 1;
      else
        end = middle;
    }
    // A row that had too many candidates at once meets some of them again.
    if (at == k || (at < filled && entries[at].index == s.index)) return;
    __syncwarp();  // all have read the list
    for (unsigned end = filled < k ? filled : k - 1; end > at;) {
      const unsigned begin = end - at > 32 ? end - 32 : at;
      const bool mine = begin + lane < end;
      Scored moved{};
      if (mine) moved = entries[begin + lane];
      __syncwarp();
      if (mine) entries[begin + lane + 1] = moved;
      __syncwarp();
      end = begin;
    }
    if (lane == 0) entries[at] = s;
    __syncwarp();
    if (filled < k) ++filled;
  }

  // Measures a point a lane, and takes in those that belong here. By all lanes of a warp; real: the lane has a point, as have
  // all before it.
  __device__ void offer(WalkStage<float>& stage, const NearPoints& p, const float* x, double xx, std::int32_t index, bool real) {
    const auto lanes = static_cast<unsigned>(__popc(__ballot_sync(kAllLanes, real)));
    if (lanes == 0) return;
    const std::int32_t some = real ? index : static_cast<std::int32_t>(p.first);
    double product = 0;
    walk(stage, p.rows, p.d, static_cast<std::size_t>(some) - p.first,
         [&](std::size_t l, float v) { product += static_cast<double>(x[l]) * static_cast<double>(v); }, lanes);
    Scored s{};
    if (real) s = scored(p.metric, x, xx, p.row(some), p.squares[static_cast<std::size_t>(some) - p.first], p.d, product, some);
    unsigned open = __ballot_sync(kAllLanes, real && !(s.value - s.blur > limit()));
    for (; open != 0; open &= open - 1) {
      const auto from = static_cast<unsigned>(__ffs(static_cast<int>(open))) - 1;
      const Scored each{__shfl_sync(kAllLanes, s.value, from), __shfl_sync(kAllLanes, s.blur, from), __shfl_sync(kAllLanes, s.index, from)};
      if (!(each.value - each.blur > limit())) insert(p, x, each);
    }
  }
};

}  // namespace matomari::cuda
