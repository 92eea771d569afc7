#pragma once
#include "core/context.h"
#include "core/view.h"
#include "nearest/nearest.h"

namespace matomari::cuda {

// matomari::nearest on a CUDA device: the same indices and distances to the bit. bad_input where count is above
// kMostNeighbours. The kernels of the CPU serve where the points do not fit and ties reach from one part to another.
Neighbours nearest(core::Context& ctx, const simd::Kernels& k, int device, core::ConstMatrix queries, core::ConstMatrix points,
                   std::size_t count, Metric metric, std::int32_t* indices, float* distances);

}  // namespace matomari::cuda
