#include "hdbscan/stability.h"

#include <algorithm>

namespace matomari::density {

std::vector<Cluster> clusters_of(const CondensedTree& tree) {
  const auto n = static_cast<std::int32_t>(tree.points);
  std::vector<Cluster> clusters(tree.clusters);
  clusters[0].size = n;
  for (std::size_t r = 0; r < tree.rows; ++r) {
    Cluster& parent = clusters[tree.parent[r] - n];
    parent.death = std::max(parent.death, tree.lambda[r]);
    // Where equal points have made both infinite, nothing was gained.
    if (tree.lambda[r] > parent.birth)
      parent.stability += (tree.lambda[r] - parent.birth) * static_cast<double>(tree.size[r]);
    if (tree.child[r] < n) continue;
    Cluster& child = clusters[tree.child[r] - n];
    child.parent = tree.parent[r] - n;
    child.size = tree.size[r];
    child.birth = tree.lambda[r];
    parent.is_leaf = false;
  }
  return clusters;
}

}  // namespace matomari::density
