#pragma once
#include "core/context.h"
#include "core/view.h"
#include "nearest/assign.h"

namespace matomari::cuda {

// matomari::assign on a CUDA device: the same labels and distances to the bit.
Assigned assign(core::Context& ctx, int device, core::ConstMatrix points, core::ConstMatrix centroids, Metric metric,
                std::int32_t* labels, float* distances);

}  // namespace matomari::cuda
