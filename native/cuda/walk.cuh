#pragma once
// Sums along rows in column order, as the CPU has them: a lane goes along a row of its own, and the rows come through
// shared memory 32 columns at a time, so that whole lines are read.
#include "cuda/instructions.h"
#include "cuda/warp.cuh"

namespace matomari::cuda {

inline constexpr unsigned kWalkThreads = 128, kWalkWarps = kWalkThreads / 32;

template <class T>
struct WalkStage {
  T values[32][33];
  std::size_t rows[32];
};

// Calls add(l, value) for the columns of row `row` of points [· × d], all lanes of a warp at once. A lane that has no row
// of its own names any; those from `lanes` on, of which there are none in most calls, get no values.
template <class T, class Add>
__device__ void walk(WalkStage<T>& stage, const T* points, std::size_t d, std::size_t row, Add&& add, unsigned lanes = 32) {
  const unsigned lane = threadIdx.x % 32;
  __syncwarp();
  stage.rows[lane] = row;
  for (std::size_t first = 0; first < d; first += 32) {
    __syncwarp();  // the stage has been read
    const auto columns = static_cast<unsigned>(d - first < 32 ? d - first : 32);
    for (unsigned r = 0; lane < columns && r < lanes; r += 8) {
      T v[8];
#pragma unroll
      for (unsigned n = 0; n < 8; ++n) v[n] = points[stage.rows[r + n] * d + first + lane];
#pragma unroll
      for (unsigned n = 0; n < 8; ++n) stage.values[r + n][lane] = v[n];
    }
    __syncwarp();
    for (unsigned l = 0; l < columns; ++l) add(first + l, stage.values[lane][l]);
  }
}

// Σ term(l) over the columns in their order, known to all lanes of a warp, which ask for 32 of them at a time.
template <class Term>
__device__ double sum_in_order(std::size_t d, Term&& term) {
  const unsigned lane = threadIdx.x % 32;
  double sum = 0, next = lane < d ? term(std::size_t{lane}) : 0.0;
  for (std::size_t first = 0; first < d; first += 32) {
    const double mine = next;
    const std::size_t l = first + 32 + lane;
    next = l < d ? term(l) : 0.0;  // on its way while these are added
    const auto columns = static_cast<unsigned>(d - first < 32 ? d - first : 32);
    for (unsigned n = 0; n < columns; ++n) sum += __shfl_sync(kAllLanes, mine, n);
  }
  return sum;
}

}  // namespace matomari::cuda
