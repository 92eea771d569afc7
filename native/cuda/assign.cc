#include "cuda/assign.h"

#include <algorithm>

#include "core/buffer.h"
#include "core/finite.h"
#include "cuda/call.h"

namespace matomari::cuda {

Assigned assign(core::Context& ctx, int device, core::ConstMatrix points, core::ConstMatrix centroids, Metric metric,
                std::int32_t* labels, float* distances) {
  Assigned out;
  out.screen = simd::Screen::f16;
  MatomariCudaAssign arguments{device, static_cast<int>(metric), points.data, points.rows, points.cols, centroids.data,
                               centroids.rows, labels, distances, 0};
  auto check = [&] {
    require_finite(ctx, points, "points");
    require_finite(ctx, centroids, "centroids");
    if (metric != Metric::cosine) return;
    core::Buffer<double> ignored(std::max(points.rows, centroids.rows));
    require_directions(ctx, points, "points", ignored.data());
    require_directions(ctx, centroids, "centroids", ignored.data());
  };
  if (points.rows == 0) {
    check();
    return out;
  }
  call(ctx, plugin(device).assign, arguments, check);
  out.rechecked_share = static_cast<double>(arguments.rechecked) / static_cast<double>(points.rows);
  return out;
}

}  // namespace matomari::cuda
