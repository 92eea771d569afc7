#include "kmeans/kmeans.h"

#include <memory>

#include "binding/args.h"
#include "binding/job.h"
#include "binding/operations.h"
#include "cuda/kmeans.h"
#include "kmeans/mini_batch.h"

namespace matomari::binding {

namespace {

struct Outputs {
  float* centroids;
  std::int32_t* labels;
  std::int32_t* sizes;
};

KMeansOptions common(Args& args, const core::ConstMatrix& points) {
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
  options.cosine = args.metric() == Metric::cosine;
  if (args.has("sampleWeight")) options.weight = args.array<float>("sampleWeight", points.rows);
  options.seed = args.size("seed");
  options.screen = args.screen("screen");
  return options;
}

Outputs outputs(Args& args, const core::ConstMatrix& points, const KMeansOptions& options) {
  return {args.output("centroids", options.clusters, points.cols).data, args.array<std::int32_t>("labels", points.rows),
          args.array<std::int32_t>("sizes", options.clusters)};
}

void report(const KMeansResult& found, Napi::Object result) {
  result.Set("inertia", found.inertia);
  result.Set("nIter", found.iterations);
  result.Set("converged", found.converged);
  result.Set("screen", simd::name(found.screen));
  result.Set("recheckedShare", found.rechecked_share);
}

}  // namespace

Napi::Value kmeans(const Napi::CallbackInfo& info) {
  Args args(info);
  const auto points = args.matrix("points", args.size("rows"), args.size("cols"));
  KMeansOptions options = common(args, points);
  options.tolerance = args.number("tol");
  const Outputs out = outputs(args, points, options);
  auto found = std::make_shared<KMeansResult>();
  const int gpu = gpu_of(info);
  return Job::start(
      info.Env(), info[1].As<Napi::Object>(), args.pins(),
      [=](core::Context& ctx, const simd::Kernels& k) {
        *found = gpu < 0 ? matomari::kmeans(ctx, k, points, options, out.centroids, out.labels, out.sizes)
                         : cuda::kmeans(ctx, gpu, points, options, out.centroids, out.labels, out.sizes);
      },
      [found](Napi::Object result) { report(*found, result); });
}

Napi::Value mini_batch_kmeans(const Napi::CallbackInfo& info) {
  Args args(info);
  const auto points = args.matrix("points", args.size("rows"), args.size("cols"));
  if (points.rows > 4294967295) args.fail("rows", "below 2^32");
  const KMeansOptions options = common(args, points);
  MiniBatchOptions batches;
  batches.batch = args.size("batchSize");
  if (batches.batch == 0) args.fail("batchSize", "from 1 up");
  batches.max_no_improvement = static_cast<std::uint32_t>(args.size("maxNoImprovement"));
  batches.reassignment_ratio = args.number("reassignmentRatio");
  const Outputs out = outputs(args, points, options);
  auto found = std::make_shared<MiniBatchResult>();
  return Job::start(
      info.Env(), info[1].As<Napi::Object>(), args.pins(),
      [=](core::Context& ctx, const simd::Kernels& k) {
        *found = matomari::mini_batch_kmeans(ctx, k, points, options, batches, out.centroids, out.labels, out.sizes);
      },
      [found](Napi::Object result) {
        report(*found, result);
        result.Set("nSteps", static_cast<double>(found->steps));
      });
}

}  // namespace matomari::binding
