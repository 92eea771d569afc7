#include "hdbscan/condensed_tree.h"

#include <limits>
#include <vector>

namespace matomari::density {

void condense(core::Context& ctx, const SingleLinkage& tree, std::size_t points, std::size_t least, CondensedTree& out) {
  const auto n = static_cast<std::int32_t>(points);
  out.points = points;
  out.rows = 0;
  const auto size_of = [&](std::int32_t node) { return node < n ? 1 : tree.size[node - n]; };
  const auto add = [&](std::int32_t parent, std::int32_t child, double lambda, std::int32_t size) {
    if (out.rows % 65536 == 0) {
      ctx.check();
      ctx.progress("condensed tree", out.rows, points);
    }
    out.parent[out.rows] = parent;
    out.child[out.rows] = child;
    out.lambda[out.rows] = lambda;
    out.size[out.rows] = size;
    ++out.rows;
  };
  struct Open {
    std::int32_t node, cluster;
  };
  std::vector<Open> open{{2 * n - 2, n}};  // a queue: nodes large enough to be a cluster, or part of one, level by level
  std::vector<std::int32_t> falling;
  std::int32_t next = n + 1;
  for (std::size_t at = 0; at < open.size(); ++at) {
    if (at % 65536 == 0) ctx.check();
    const auto [node, cluster] = open[at];
    if (node < n) continue;
    const std::int32_t children[2] = {tree.left[node - n], tree.right[node - n]};
    const double distance = tree.distance[node - n];
    const double lambda = distance > 0 ? 1 / distance : std::numeric_limits<double>::infinity();
    const auto is_large = [&](std::int32_t child) { return static_cast<std::size_t>(size_of(child)) >= least; };
    const bool splits = is_large(children[0]) && is_large(children[1]);
    for (const std::int32_t child : children) {
      if (splits) {
        add(cluster, next, lambda, size_of(child));
        open.push_back({child, next++});
      } else if (is_large(child)) {
        open.push_back({child, cluster});
      } else {
        falling.assign(1, child);
        while (!falling.empty()) {
          const std::int32_t below = falling.back();
          falling.pop_back();
          if (below < n) {
            add(cluster, below, lambda, 1);
          } else {
            falling.push_back(tree.right[below - n]);
            falling.push_back(tree.left[below - n]);
          }
        }
      }
    }
  }
  out.clusters = static_cast<std::size_t>(next - n);
}

}  // namespace matomari::density
