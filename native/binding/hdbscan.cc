#include "hdbscan/hdbscan.h"

#include <memory>

#include "binding/args.h"
#include "binding/job.h"
#include "binding/operations.h"

namespace matomari::binding {

namespace {

// What fit and prediction share.
HdbscanOptions geometry(Args& args) {
  HdbscanOptions options;
  options.min_samples = args.size("minSamples");
  if (options.min_samples == 0) args.fail("minSamples", "at least 1");
  options.alpha = args.number("alpha");
  options.cosine = args.metric() == Metric::cosine;
  options.selection.epsilon = args.number("clusterSelectionEpsilon");
  return options;
}

}  // namespace

Napi::Value hdbscan(const Napi::CallbackInfo& info) {
  Args args(info);
  const auto points = args.matrix("points", args.size("rows"), args.size("cols"));
  const std::size_t n = points.rows;
  if (n == 0 || n > 0x3fffffff || points.cols == 0) args.fail("rows", "from 1 to 2^30 - 1");
  HdbscanOptions options = geometry(args);
  options.min_cluster_size = args.size("minClusterSize");
  if (options.min_cluster_size < 2) args.fail("minClusterSize", "at least 2");
  options.selection.leaf = args.flag("leaf");
  options.selection.allow_single = args.flag("allowSingleCluster");
  options.selection.largest = args.size("maxClusterSize");
  const std::size_t clusters = density::CondensedTree::most_clusters(n, options.min_cluster_size);
  const std::size_t rows = density::CondensedTree::most_rows(n, options.min_cluster_size);
  auto out = std::make_shared<HdbscanOutput>();
  out->core_distances = args.array<double>("coreDistances", n);
  out->linkage.left = args.array<std::int32_t>("left", n - 1);
  out->linkage.right = args.array<std::int32_t>("right", n - 1);
  out->linkage.distance = args.array<double>("distance", n - 1);
  out->linkage.size = args.array<std::int32_t>("size", n - 1);
  out->condensed.parent = args.array<std::int32_t>("parent", rows);
  out->condensed.child = args.array<std::int32_t>("child", rows);
  out->condensed.lambda = args.array<double>("lambda", rows);
  out->condensed.size = args.array<std::int32_t>("childSize", rows);
  out->membership.labels = args.array<std::int32_t>("labels", n);
  out->membership.probabilities = args.array<float>("probabilities", n);
  out->membership.outlier_scores = args.array<float>("outlierScores", n);
  out->membership.exemplars = args.array<std::int32_t>("exemplars", n);
  out->membership.exemplar_starts = args.array<std::int32_t>("exemplarStarts", clusters + 1);
  out->chosen = args.array<std::int32_t>("chosen", clusters);
  auto count = std::make_shared<std::size_t>(0);
  return Job::start(
      info.Env(), info[1].As<Napi::Object>(), args.pins(),
      [=](core::Context& ctx, const simd::Kernels& k) { *count = matomari::hdbscan(ctx, k, points, options, *out); },
      [out, count](Napi::Object result) {
        result.Set("nClusters", static_cast<double>(*count));
        result.Set("condensedRows", static_cast<double>(out->condensed.rows));
        result.Set("condensedClusters", static_cast<double>(out->condensed.clusters));
      });
}

Napi::Value approximate_predict(const Napi::CallbackInfo& info) {
  Args args(info);
  const std::size_t cols = args.size("cols");
  const auto points = args.matrix("points", args.size("rows"), cols);
  HdbscanModel model{};
  model.points = args.matrix("modelPoints", args.size("modelRows"), cols);
  const std::size_t n = model.points.rows;
  if (n == 0 || cols == 0) args.fail("modelRows", "at least 1");
  const HdbscanOptions options = geometry(args);
  model.core_distances = args.array<double>("coreDistances", n);
  density::CondensedTree& tree = model.condensed;
  tree.points = n;
  tree.clusters = args.size("condensedClusters");
  tree.parent = args.array<std::int32_t>("parent", &tree.rows);
  tree.child = args.array<std::int32_t>("child", tree.rows);
  tree.lambda = args.array<double>("lambda", tree.rows);
  tree.size = args.array<std::int32_t>("childSize", tree.rows);
  model.chosen = args.array<std::int32_t>("chosen", &model.chosen_count);
  auto* const labels = args.array<std::int32_t>("labels", points.rows);
  auto* const probabilities = args.array<float>("probabilities", points.rows);
  return Job::start(
      info.Env(), info[1].As<Napi::Object>(), args.pins(),
      [=](core::Context& ctx, const simd::Kernels& k) {
        matomari::approximate_predict(ctx, k, model, points, options, labels, probabilities);
      },
      [](Napi::Object) {});
}

}  // namespace matomari::binding
