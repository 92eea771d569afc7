#include "umap/umap.h"

#include <algorithm>
#include <memory>

#include "binding/args.h"
#include "binding/job.h"
#include "binding/operations.h"
#include "umap/find_ab.h"
#include "umap/fuzzy_set.h"
#include "umap/smooth_knn.h"

namespace matomari::binding {

static const char* name_of(UmapInit init) {
  switch (init) {
    case UmapInit::spectral: return "spectral";
    case UmapInit::pca: return "pca";
    case UmapInit::random: return "random";
    case UmapInit::given: break;
  }
  return "given";
}

static UmapOptions umap_options(const Args& args) {
  UmapOptions options;
  options.neighbors = args.size("nNeighbors");
  if (options.neighbors < 2) args.fail("nNeighbors", "at least 2");
  options.min_dist = args.number("minDist");
  options.spread = args.number("spread");
  options.metric = args.metric();
  options.epochs = static_cast<std::uint32_t>(args.size("nEpochs"));
  options.learning_rate = args.number("learningRate");
  options.negative_samples = static_cast<int>(args.size("negativeSampleRate"));
  options.repulsion = args.number("repulsionStrength");
  options.local_connectivity = args.number("localConnectivity");
  options.seed = args.size("seed");
  return options;
}

Napi::Value umap(const Napi::CallbackInfo& info) {
  Args args(info);
  const auto points = args.matrix("points", args.size("rows"), args.size("cols"));
  const auto embedding = args.output("embedding", points.rows, args.size("nComponents"));
  if (embedding.size() == 0) args.fail("embedding", "at least one row and one column");
  UmapOptions options = umap_options(args);
  options.mix_ratio = args.number("setOpMixRatio");
  options.default_epochs = points.rows <= 10000 ? 500 : 200;
  const std::string init = args.text("init");
  if (init.empty()) {
    options.init = UmapInit::given;
    options.initial = args.matrix("init", embedding.rows, embedding.cols).data;
  } else if (init == "random") {
    options.init = UmapInit::random;
  } else if (init == "pca") {
    options.init = UmapInit::pca;
  } else if (init != "spectral") {
    args.fail("init", "a Float32Array, spectral, pca or random");
  }
  auto used = std::make_shared<UmapInit>(options.init);
  auto curve = std::make_shared<Curve>();
  return Job::start(
      info.Env(), info[1].As<Napi::Object>(), args.pins(),
      [=](core::Context& ctx, const simd::Kernels& k) {
        *curve = find_ab(options.spread, options.min_dist);
        *used = matomari::umap(ctx, k, points, options, embedding);
      },
      [used, curve](Napi::Object result) {
        result.Set("initUsed", name_of(*used));
        result.Set("a", curve->a);
        result.Set("b", curve->b);
      });
}

Napi::Value umap_transform(const Napi::CallbackInfo& info) {
  Args args(info);
  const std::size_t cols = args.size("cols"), components = args.size("nComponents");
  const auto fitted = args.matrix("fitted", args.size("fittedRows"), cols);
  const auto embedding = args.matrix("fittedEmbedding", fitted.rows, components);
  const auto points = args.matrix("points", args.size("rows"), cols);
  const auto out = args.output("embedding", points.rows, components);
  if (embedding.size() == 0) args.fail("fittedEmbedding", "at least one row and one column");
  const UmapOptions options = umap_options(args);
  return Job::start(
      info.Env(), info[1].As<Napi::Object>(), args.pins(),
      [=](core::Context& ctx, const simd::Kernels& k) {
        matomari::umap_transform(ctx, k, fitted, embedding, points, options, out);
      },
      [](Napi::Object) {});
}

Napi::Value fuzzy_set(const Napi::CallbackInfo& info) {
  Args args(info);
  const std::size_t rows = args.size("rows"), k = args.size("k");
  const auto neighbors = args.matrix("distances", rows, k);
  const auto* const near = args.array<std::int32_t>("neighbors", neighbors.size());
  for (std::size_t e = 0; e < neighbors.size(); ++e)
    if (near[e] < 0 || static_cast<std::size_t>(near[e]) >= rows) args.fail("neighbors", "rows of the points");
  const double local_connectivity = args.number("localConnectivity"), ratio = args.number("setOpMixRatio");
  auto* const sigma = args.array<float>("sigma", rows);
  auto* const rho = args.array<float>("rho", rows);
  auto* const indptr = args.array<std::int64_t>("indptr", rows + 1);
  auto* const indices = args.array<std::int32_t>("indices", 2 * neighbors.size());
  auto* const weights = args.array<float>("weights", 2 * neighbors.size());
  return Job::start(
      info.Env(), info[1].As<Napi::Object>(), args.pins(),
      [=](core::Context& ctx, const simd::Kernels&) {
        core::Buffer<float> strength(neighbors.size());
        smooth_knn(ctx, neighbors.data, rows, k, local_connectivity, sigma, rho);
        membership_strengths(ctx, near, neighbors.data, rows, k, sigma, rho, true, strength.data());
        const Graph graph = matomari::fuzzy_set(ctx, near, strength.data(), rows, k, ratio);
        std::copy(graph.indptr.begin(), graph.indptr.end(), indptr);
        std::copy(graph.indices.begin(), graph.indices.end(), indices);
        std::copy(graph.weights.begin(), graph.weights.end(), weights);
      },
      [](Napi::Object) {});
}

}  // namespace matomari::binding
