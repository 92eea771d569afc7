#include "hdbscan/core_distances.h"

#include <algorithm>
#include <atomic>
#include <vector>

#include "core/parallel.h"
#include "nearest/k_smallest.h"
#include "nearest/nearest.h"

namespace matomari::density {

using core::Buffer;
using core::ConstMatrix;

void core_distances(core::Context& ctx, const KdTree& tree, std::size_t samples, double* out) {
  std::atomic<std::size_t> done{0};
  core::parallel_for(ctx, tree.leaves(), 32, [&](std::size_t from, std::size_t to, unsigned) {
    KSmallest nearest(samples + 1);
    std::vector<double> x(tree.dims());
    double squared[KdTree::kLeaf];
    for (std::size_t leaf = tree.first_leaf() + from; leaf < tree.first_leaf() + to; ++leaf) {
      ctx.check();
      for (std::size_t s = tree.begin(leaf); s < tree.end(leaf); ++s) {
        tree.coordinates(leaf, s, x.data());
        nearest.clear();
        tree.search_from(
            leaf, x.data(), [&](std::size_t, double least) { return least >= nearest.worst(); },
            [&](std::size_t v) {
              tree.squared(v, x.data(), squared);
              const std::size_t count = tree.end(v) - tree.begin(v);
              for (std::size_t c = 0; c < count; ++c)
                if (squared[c] < nearest.worst()) nearest.add(squared[c]);
            });
        out[s] = nearest.worst();
      }
    }
    ctx.progress("core distances", done += to - from, tree.leaves());
  });
}

Neighbours core_distances(core::Context& ctx, const simd::Kernels& k, const Space& space, std::size_t samples, double* out) {
  constexpr std::size_t kRows = 8192;  // queries at once
  constexpr std::size_t kKept = 64;    // neighbours kept at most
  const ConstMatrix points = space.points();
  const std::size_t n = space.size(), count = std::min(samples + 2, n);
  Neighbours kept;
  kept.count = std::min(count, kKept);
  kept.indices = Buffer<std::int32_t>(n * kept.count);
  Buffer<std::int32_t> indices(std::min(n, kRows) * count);
  Buffer<float> distances(indices.size());
  const Metric metric = space.cosine() ? Metric::cosine : Metric::euclidean;
  for (std::size_t first = 0; first < n; first += kRows) {
    const std::size_t rows = std::min(kRows, n - first);
    ctx.progress("core distances", first, n);
    {
      const core::Quiet quiet(ctx);
      nearest(ctx, k, {points.row(first), rows, points.cols}, points, count, metric, indices.data(), distances.data());
    }
    core::parallel_for(ctx, rows, 64, [&](std::size_t from, std::size_t to, unsigned) {
      for (std::size_t i = from; i < to; ++i) {
        const std::int32_t* const list = indices.data() + i * count;
        std::copy_n(list, kept.count, kept.indices.data() + (first + i) * kept.count);
        out[first + i] = space.squared(first + i, static_cast<std::size_t>(list[samples]));
      }
    });
  }
  ctx.progress("core distances", n, n);
  return kept;
}

}  // namespace matomari::density
