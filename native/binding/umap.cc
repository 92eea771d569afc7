#include "umap/umap.h"

#include <memory>

#include "binding/args.h"
#include "binding/job.h"
#include "binding/operations.h"

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
  return Job::start(
      info.Env(), info[1].As<Napi::Object>(), args.pins(),
      [=](core::Context& ctx, const simd::Kernels& k) { *used = matomari::umap(ctx, k, points, options, embedding); },
      [used](Napi::Object result) { result.Set("initUsed", name_of(*used)); });
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

}  // namespace matomari::binding
