#include "umap/umap.h"

#include <algorithm>

#include "core/buffer.h"
#include "core/finite.h"
#include "core/parallel.h"
#include "umap/find_ab.h"
#include "umap/fuzzy_set.h"
#include "umap/initial.h"
#include "umap/layout.h"
#include "umap/smooth_knn.h"

namespace matomari {

using core::Buffer;
using core::ConstMatrix;

namespace {

// Each query's neighbours among the points, and how much each belongs to it. [queries.rows × k].
struct Neighborhood {
  Buffer<std::int32_t> indices;
  Buffer<float> strength;
};

Neighborhood neighborhood(core::Context& ctx, const simd::Kernels& kernels, ConstMatrix queries, ConstMatrix points,
                          std::size_t k, const UmapOptions& options, double local_connectivity) {
  const bool self = queries.data == points.data;
  Neighborhood out{Buffer<std::int32_t>(queries.rows * k), Buffer<float>(queries.rows * k)};
  Buffer<float> distances(queries.rows * k), sigma(queries.rows), rho(queries.rows);
  nearest(ctx, kernels, queries, points, k, options.metric, out.indices.data(), distances.data());
  smooth_knn(ctx, distances.data(), queries.rows, k, local_connectivity, sigma.data(), rho.data());
  membership_strengths(ctx, out.indices.data(), distances.data(), queries.rows, k, sigma.data(), rho.data(), self,
                       out.strength.data());
  return out;
}

// umap-learn takes one neighbour fewer than there are points; two points still are neighbours.
std::size_t neighbors_of(std::size_t rows, std::size_t wanted) {
  return wanted < rows ? wanted : std::min<std::size_t>(rows, std::max<std::size_t>(2, rows - 1));
}

LayoutOptions layout_options(const UmapOptions& options) {
  LayoutOptions out;
  out.curve = find_ab(options.spread, options.min_dist);
  out.epochs = options.epochs;
  out.least_epochs = options.epochs > 10 ? options.epochs : options.default_epochs;
  out.learning_rate = options.learning_rate;
  out.negative_samples = options.negative_samples;
  out.repulsion = options.repulsion;
  out.seed = options.seed;
  return out;
}

}  // namespace

UmapInit umap(core::Context& ctx, const simd::Kernels& kernels, ConstMatrix points, const UmapOptions& options,
              core::MutableMatrix embedding) {
  if (options.init == UmapInit::given) require_finite(ctx, {options.initial, embedding.rows, embedding.cols}, "init");
  if (points.rows == 1) {
    require_finite(ctx, points, "points");
    std::fill_n(embedding.data, embedding.cols, 0.0f);
    return options.init == UmapInit::given ? UmapInit::given : UmapInit::random;
  }
  const std::size_t k = neighbors_of(points.rows, options.neighbors);
  Graph graph;
  {
    const Neighborhood near = neighborhood(ctx, kernels, points, points, k, options, options.local_connectivity);
    graph = fuzzy_set(ctx, near.indices.data(), near.strength.data(), points.rows, k, options.mix_ratio);
  }
  const UmapInit used = initial_positions(ctx, kernels, points, graph, options, embedding);
  optimize_layout(ctx, kernels, graph, layout_options(options), embedding);
  return used;
}

void umap_transform(core::Context& ctx, const simd::Kernels& kernels, ConstMatrix fitted, ConstMatrix embedding,
                    ConstMatrix points, const UmapOptions& options, core::MutableMatrix out) {
  require_finite(ctx, embedding, "embedding");
  const std::size_t k = std::min(options.neighbors, fitted.rows), n = points.rows, dims = embedding.cols;
  Neighborhood near = neighborhood(ctx, kernels, points, fitted, k, options, std::max(0.0, options.local_connectivity - 1));
  Graph graph;
  graph.rows = n;
  graph.indptr = Buffer<std::int64_t>(n + 1);
  for (std::size_t i = 0; i <= n; ++i) graph.indptr[i] = static_cast<std::int64_t>(i * k);
  graph.indices = std::move(near.indices);
  graph.weights = std::move(near.strength);
  // Each begins at the mean of its neighbours, weighted by how much they belong to it, or where its like is.
  core::parallel_for(ctx, n, 1024, [&](std::size_t begin, std::size_t end, unsigned) {
    for (std::size_t i = begin; i < end; ++i) {
      const std::int32_t* const index = graph.indices.data() + i * k;
      const float* const weight = graph.weights.data() + i * k;
      const float* same = std::find(weight, weight + k, 1.0f);
      double whole = 0;
      for (std::size_t j = 0; j < k; ++j) whole += static_cast<double>(weight[j]);
      if (whole == 0) same = weight;  // so far from all that no weight is left: where the nearest is
      for (std::size_t c = 0; c < dims; ++c) {
        double sum = 0;
        for (std::size_t j = 0; j < k; ++j)
          sum += static_cast<double>(weight[j]) / whole * static_cast<double>(embedding.row(static_cast<std::size_t>(index[j]))[c]);
        out.row(i)[c] = same != weight + k ? embedding.row(static_cast<std::size_t>(index[same - weight]))[c] : static_cast<float>(sum);
      }
    }
  });
  LayoutOptions layout = layout_options(options);
  layout.least_epochs = options.epochs;
  layout.learning_rate /= 4;
  place_in_layout(ctx, kernels, graph, layout, embedding, out);
}

}  // namespace matomari
