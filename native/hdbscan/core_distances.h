#pragma once
#include <cstddef>
#include <cstdint>

#include "core/buffer.h"
#include "core/context.h"
#include "hdbscan/space.h"
#include "nearest/kd_tree.h"
#include "simd/kernels.h"

namespace matomari::density {

// The core distance of a point: how far its neighbour number `samples` lies, the point itself not counted. Squared.

// By a k-d tree. out: [points], by slot.
void core_distances(core::Context& ctx, const KdTree& tree, std::size_t samples, double* out);

// The nearest neighbours of every point, itself among them and one more than make its core distance, nearest first.
struct Neighbours {
  std::size_t count = 0;               // of each point
  core::Buffer<std::int32_t> indices;  // [points × count]
};

// By exact search over all pairs. out: [points], by row.
Neighbours core_distances(core::Context& ctx, const simd::Kernels& k, const Space& space, std::size_t samples, double* out);

}  // namespace matomari::density
