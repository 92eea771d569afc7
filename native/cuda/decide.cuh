#pragma once
// The last word: float64 in index order, as CentroidSearch::decide has it, and exact sums where that is not enough.
#include "core/wide_sum.h"
#include "cuda/decider.h"
#include "cuda/instructions.h"
#include "cuda/screen.cuh"
#include "cuda/walk.cuh"
#include "distances/pair.h"
#include "nearest/exact.h"

namespace matomari::cuda {

// A target whose value is known, ascending as the metric does, with the sum of the magnitudes of its terms.
struct Measured {
  double value, size;
  std::int32_t index;
};

__device__ inline Measured measure(const Decider& by, const float* x, std::int32_t j) {
  const double* const c = by.targets + static_cast<std::size_t>(j) * by.d;
  Measured m{0, 0, j};
  if (by.metric == Metric::euclidean || by.metric == Metric::sqeuclidean) {
    m.value = m.size = squared_difference(x, c, by.d);
    return m;
  }
  for (std::size_t l = 0; l < by.d; ++l) {
    const double t = static_cast<double>(x[l]) * c[l];
    m.value -= t;
    m.size += fabs(t);
  }
  return m;
}

// Whether a is nearer than b, or as near and of lower index: a total order, so that the winner does not depend on who is
// compared first.
__device__ inline bool beats(const Decider& by, const float* x, const Measured& a, const Measured& b) {
  if (by.exact_targets && fabs(a.value - b.value) <= value_blur(by.d, a.size + b.size)) {
    core::WideSum sum;
    const int sign = compare_exactly(by.metric, x, by.exact_targets + static_cast<std::size_t>(a.index) * by.d,
                                     by.exact_targets + static_cast<std::size_t>(b.index) * by.d, by.d, sum);
    return sign != 0 ? sign < 0 : a.index < b.index;
  }
  return a.value != b.value ? a.value < b.value : a.index < b.index;
}

// Rows in doubt, in a list.
struct OpenRows {
  const float* points;
  const std::uint32_t* rows;
  std::size_t count;
};

// measure() for a target a lane, all lanes of a warp at once; those from `count` on have none.
__device__ inline Measured measure_few(WalkStage<double>& stage, const Decider& by, const float* x, std::int32_t j, unsigned count) {
  const bool squares = by.metric == Metric::euclidean || by.metric == Metric::sqeuclidean;
  Measured m{0, 0, j};
  walk(stage, by.targets, by.d, static_cast<std::size_t>(j), [&](std::size_t l, double c) {
    const double t = squares ? static_cast<double>(x[l]) - c : static_cast<double>(x[l]) * c;
    m.value = squares ? m.value + t * t : m.value - t;
    m.size += fabs(t);
  }, count);
  if (squares) m.size = m.value;
  return m;
}

inline constexpr unsigned kDecideThreads = 128;  // four rows a block

// Settles row i of the list among the targets that were noted for it: a warp takes a row, a lane a target. Rows with more
// than kFew go to the list of crowded ones.
__global__ void __launch_bounds__(kDecideThreads) decide_few(Decider by, OpenRows open, const unsigned* counts, const std::int32_t* candidates, std::int32_t* labels,
                           unsigned* crowded_count, std::uint32_t* crowded) {
  __shared__ WalkStage<double> stages[kDecideThreads / 32];
  const unsigned lane = threadIdx.x % 32;
  const std::size_t i = std::size_t{blockIdx.x} * (kDecideThreads / 32) + threadIdx.x / 32;
  if (i >= open.count) return;
  const unsigned count = counts[i];
  const std::uint32_t row = open.rows[i];
  if (count == 0 || count > kFew) {  // none: only where something is not a number
    if (lane == 0) crowded[atomicAdd(crowded_count, 1u)] = row;
    return;
  }
  const float* const x = open.points + std::size_t{row} * by.d;
  const Measured mine = measure_few(stages[threadIdx.x / 32], by, x, candidates[i * kFew + (lane < count ? lane : 0)], count);
  Measured best{};
  for (unsigned n = 0; n < count; ++n) {
    const Measured other{__shfl_sync(kAllLanes, mine.value, n), __shfl_sync(kAllLanes, mine.size, n),
                         __shfl_sync(kAllLanes, mine.index, n)};
    if (n == 0 || beats(by, x, other, best)) best = other;
  }
  if (lane == 0) labels[row] = best.index;
}

inline constexpr unsigned kCrowdThreads = 128;

// Settles a row among all targets: a block takes a row.
__global__ void __launch_bounds__(kCrowdThreads) decide_all(Decider by, OpenRows open, std::int32_t* labels) {
  __shared__ Measured found[kCrowdThreads];
  const std::uint32_t row = open.rows[blockIdx.x];
  const float* const x = open.points + std::size_t{row} * by.d;
  Measured best{HUGE_VAL, 0, -1};
  for (std::size_t j = threadIdx.x; j < by.count; j += kCrowdThreads) {
    const Measured m = measure(by, x, static_cast<std::int32_t>(j));
    if (best.index < 0 || beats(by, x, m, best)) best = m;
  }
  found[threadIdx.x] = best;
  for (unsigned half = kCrowdThreads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x >= half) continue;
    const Measured& other = found[threadIdx.x + half];
    if (other.index >= 0 && beats(by, x, other, found[threadIdx.x])) found[threadIdx.x] = other;
  }
  if (threadIdx.x == 0) labels[row] = found[0].index;
}

}  // namespace matomari::cuda
