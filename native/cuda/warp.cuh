#pragma once
#include "cuda/instructions.h"

// Sums and maxima over the lanes of a warp, known to all of them.
namespace matomari::cuda {

inline constexpr unsigned kAllLanes = 0xFFFFFFFF;

template <class T>
__device__ T warp_sum(T v) {
  for (unsigned mask = 16; mask > 0; mask /= 2) v += __shfl_xor_sync(kAllLanes, v, mask);
  return v;
}
__device__ inline double warp_max(double v) {
  for (unsigned mask = 16; mask > 0; mask /= 2) v = fmax(v, __shfl_xor_sync(kAllLanes, v, mask));
  return v;
}

}  // namespace matomari::cuda
