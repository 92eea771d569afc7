#pragma once
#include "core/context.h"
#include "core/view.h"
#include "kmeans/kmeans.h"

namespace matomari::cuda {

// matomari::kmeans on a CUDA device: the same centroids, labels, sizes and inertia to the bit.
KMeansResult kmeans(core::Context& ctx, int device, core::ConstMatrix points, const KMeansOptions& options, float* centroids,
                    std::int32_t* labels, std::int32_t* sizes);

}  // namespace matomari::cuda
