#include "nearest/nearest.h"

#include <memory>

#include "binding/args.h"
#include "binding/job.h"
#include "binding/operations.h"
#include "cuda/assign.h"
#include "cuda/nearest.h"
#include "nearest/assign.h"

namespace matomari::binding {

Napi::Value nearest(const Napi::CallbackInfo& info) {
  Args args(info);
  const std::size_t cols = args.size("cols"), k = args.size("k");
  const auto queries = args.matrix("queries", args.size("queryRows"), cols);
  const auto points = args.matrix("points", args.size("pointRows"), cols);
  if (k == 0 || k > points.rows) args.fail("k", "from 1 to the number of points");
  auto* const indices = args.array<std::int32_t>("indices", queries.rows * k);
  auto* const distances = args.array<float>("distances", queries.rows * k);
  const Metric metric = args.metric();
  const ScreenWish screen = args.screen("screen");
  auto found = std::make_shared<Neighbours>();
  const int gpu = gpu_of(info);
  return Job::start(
      info.Env(), info[1].As<Napi::Object>(), args.pins(),
      [=](core::Context& ctx, const simd::Kernels& kernels) {
        *found = gpu < 0 ? matomari::nearest(ctx, kernels, queries, points, k, metric, indices, distances, screen)
                         : cuda::nearest(ctx, kernels, gpu, queries, points, k, metric, indices, distances);
      },
      [found](Napi::Object result) {
        result.Set("screen", simd::name(found->screen));
        result.Set("recheckedShare", found->rechecked_share);
      });
}

Napi::Value assign(const Napi::CallbackInfo& info) {
  Args args(info);
  const std::size_t cols = args.size("cols");
  const auto points = args.matrix("points", args.size("rows"), cols);
  const auto centroids = args.matrix("centroids", args.size("nClusters"), cols);
  if (centroids.rows == 0) args.fail("nClusters", "at least 1");
  auto* const labels = args.array<std::int32_t>("labels", points.rows);
  auto* const distances = args.array<float>("distances", points.rows);
  const Metric metric = args.metric();
  const ScreenWish screen = args.screen("screen");
  auto found = std::make_shared<Assigned>();
  const int gpu = gpu_of(info);
  return Job::start(
      info.Env(), info[1].As<Napi::Object>(), args.pins(),
      [=](core::Context& ctx, const simd::Kernels& kernels) {
        *found = gpu < 0 ? matomari::assign(ctx, kernels, points, centroids, metric, labels, distances, screen)
                         : cuda::assign(ctx, gpu, points, centroids, metric, labels, distances);
      },
      [found](Napi::Object result) {
        result.Set("screen", simd::name(found->screen));
        result.Set("recheckedShare", found->rechecked_share);
      });
}

}  // namespace matomari::binding
