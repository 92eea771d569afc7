#include "kmeans/kmeans.h"

#include <memory>

#include "binding/args.h"
#include "binding/job.h"
#include "binding/operations.h"

namespace matomari::binding {

Napi::Value kmeans(const Napi::CallbackInfo& info) {
  Args args(info);
  const auto points = args.matrix("points", args.size("rows"), args.size("cols"));
  KMeansOptions options;
  options.clusters = args.size("nClusters");
  if (options.clusters == 0 || options.clusters > points.rows) args.fail("nClusters", "from 1 to the number of rows");
  const std::string init = args.text("init");
  if (init.empty()) {
    options.init = KMeansInit::given;
    options.initial = args.matrix("init", options.clusters, points.cols).data;
  } else if (init == "random") {
    options.init = KMeansInit::random;
  } else if (init != "k-means++") {
    args.fail("init", "a Float32Array, k-means++ or random");
  }
  options.runs = static_cast<std::uint32_t>(args.size("nInit"));
  options.max_iterations = static_cast<std::uint32_t>(args.size("maxIter"));
  options.tolerance = args.number("tol");
  options.cosine = args.metric() == Metric::cosine;
  if (args.has("sampleWeight")) options.weight = args.array<float>("sampleWeight", points.rows);
  options.seed = args.size("seed");
  options.screen = args.screen("screen");
  float* const centroids = args.output("centroids", options.clusters, points.cols).data;
  auto* const labels = args.array<std::int32_t>("labels", points.rows);
  auto* const sizes = args.array<std::int32_t>("sizes", options.clusters);
  auto found = std::make_shared<KMeansResult>();
  return Job::start(
      info.Env(), info[1].As<Napi::Object>(), args.pins(),
      [=](core::Context& ctx, const simd::Kernels& k) {
        *found = matomari::kmeans(ctx, k, points, options, centroids, labels, sizes);
      },
      [found](Napi::Object result) {
        result.Set("inertia", found->inertia);
        result.Set("nIter", found->iterations);
        result.Set("converged", found->converged);
        result.Set("screen", simd::name(found->screen));
        result.Set("recheckedShare", found->rechecked_share);
      });
}

}  // namespace matomari::binding
