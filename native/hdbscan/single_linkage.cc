#include "hdbscan/single_linkage.h"

#include <algorithm>
#include <numeric>

#include "core/parallel.h"
#include "hdbscan/union_find.h"

namespace matomari::density {

namespace {

// Merge sort in pieces that are short enough to be cancelled between.
void sort_edges(core::Context& ctx, std::vector<Edge>& edges) {
  constexpr std::size_t kPiece = 16384;
  core::parallel_for(ctx, edges.size(), kPiece, [&](std::size_t from, std::size_t to, unsigned) {
    std::sort(edges.begin() + static_cast<std::ptrdiff_t>(from), edges.begin() + static_cast<std::ptrdiff_t>(to), before);
  });
  std::vector<Edge> merged(edges.size() > kPiece ? edges.size() : 0);
  for (std::size_t width = kPiece; width < edges.size(); width *= 2) {
    core::parallel_for(ctx, edges.size(), 2 * width, [&](std::size_t from, std::size_t to, unsigned) {
      const std::size_t middle = std::min(from + width, to);
      std::merge(edges.data() + from, edges.data() + middle, edges.data() + middle, edges.data() + to,
                 merged.data() + from, before);
    });
    edges.swap(merged);
  }
}

}  // namespace

void single_linkage(core::Context& ctx, const Space& space, std::vector<Edge> tree, SingleLinkage out) {
  sort_edges(ctx, tree);
  const std::size_t n = tree.size() + 1;
  UnionFind sets(n);
  core::Buffer<std::int32_t> cluster(n);  // which a set is now, by its root
  std::iota(cluster.begin(), cluster.end(), 0);
  for (std::size_t s = 0; s < tree.size(); ++s) {
    if (s % 65536 == 0) {
      ctx.check();
      ctx.progress("single linkage", s, tree.size());
    }
    const std::int32_t a = sets.find(tree[s].low), b = sets.find(tree[s].high);
    out.left[s] = std::min(cluster[a], cluster[b]);
    out.right[s] = std::max(cluster[a], cluster[b]);
    out.distance[s] = space.distance(tree[s].weight);
    const std::int32_t root = sets.join(a, b);
    out.size[s] = sets.size(root);
    cluster[root] = static_cast<std::int32_t>(n + s);
  }
}

}  // namespace matomari::density
