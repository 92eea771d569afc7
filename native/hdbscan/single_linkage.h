#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/context.h"
#include "hdbscan/edge.h"
#include "hdbscan/space.h"

namespace matomari::density {

// The single linkage tree of n points as SciPy writes it: step s joins the clusters left[s] < right[s] at a distance into
// cluster n + s of size[s] points; clusters below n are points. Arrays: [n − 1]. Steps go by weight. Of edges that weigh the
// same, those come first that lead to the larger set (as the sets were before the first of them), then the shorter ones by
// plain distance, then as edges go: a border point that reaches several clusters at once joins the largest.
struct SingleLinkage {
  std::int32_t *left, *right;
  double* distance;
  std::int32_t* size;
};

void single_linkage(core::Context& ctx, const Space& space, std::vector<Edge> tree, SingleLinkage out);

}  // namespace matomari::density
