#pragma once
// Sums along rows in column order, as the CPU has them: a lane goes along a row of its own, and the rows come through
// shared memory 32 columns at a time, so that whole lines are read.
#include "cuda/instructions.h"
#include "cuda/warp.cuh"

namespace matomari::cuda {

inline constexpr unsigned kWalkThreads = 128, kWalkWarps = kWalkThreads / 32;

struct WalkStage {
  float values[32][33];
  std::size_t rows[32];
};

// Calls add(l, value) for the columns of row `row` of points [· × d], all lanes of a warp at once. A lane that has no row
// of its own names any.
template <class Add>
__device__ void walk(WalkStage& stage, const float* points, std::size_t d, std::size_t row, Add&& add) {
  const unsigned lane = threadIdx.x % 32;
  __syncwarp();
  stage.rows[lane] = row;
  for (std::size_t first = 0; first < d; first += 32) {
    __syncwarp();  // the stage has been read
    const auto columns = static_cast<unsigned>(d - first < 32 ? d - first : 32);
    for (unsigned r = 0; lane < columns && r < 32; r += 8) {
      float v[8];
#pragma unroll
      for (unsigned n = 0; n < 8; ++n) v[n] = points[stage.rows[r + n] * d + first + lane];
#pragma unroll
      for (unsigned n = 0; n < 8; ++n) stage.values[r + n][lane] = v[n];
    }
    __syncwarp();
    for (unsigned l = 0; l < columns; ++l) add(first + l, stage.values[lane][l]);
  }
}

}  // namespace matomari::cuda
