#pragma once
#include <cstddef>
#include <cstdint>

#include "core/context.h"
#include "hdbscan/single_linkage.h"

namespace matomari::density {

// The condensed tree: in each row a child (a point below n, or a cluster from n up) leaves its parent cluster at
// lambda = 1 / distance. Cluster n is the root; clusters are numbered from the top, level by level, so that a parent
// comes before its children, in number and in row.
struct CondensedTree {
  std::size_t points = 0, rows = 0, clusters = 0;  // clusters: the root included
  std::int32_t *parent, *child;
  double* lambda;
  std::int32_t* size;

  // Rows and clusters at most: a split leaves two clusters of at least `least` points each.
  static std::size_t most_clusters(std::size_t points, std::size_t least) noexcept { return 2 * (points / least) + 1; }
  static std::size_t most_rows(std::size_t points, std::size_t least) noexcept {
    return points + most_clusters(points, least);
  }
};

// Lets clusters smaller than `least` fall out of their parents point by point, instead of splitting them. The arrays
// of `out` must hold most_rows.
void condense(core::Context& ctx, const SingleLinkage& tree, std::size_t points, std::size_t least, CondensedTree& out);

}  // namespace matomari::density
