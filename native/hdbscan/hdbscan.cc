#include "hdbscan/hdbscan.h"

#include <algorithm>

#include "core/finite.h"
#include "hdbscan/boruvka.h"
#include "hdbscan/core_distances.h"
#include "hdbscan/dense_edges.h"
#include "hdbscan/space.h"
#include "hdbscan/stability.h"
#include "hdbscan/tree_edges.h"
#include "nearest/kd_tree.h"

namespace matomari {

using core::Buffer;
using core::ConstMatrix;
using namespace density;

namespace {

// With more dimensions a k-d tree looks at most of the points anyway, and the kernels look at all of them faster. Measured
// on uniform points and on blobs: at 20,000 points the two meet at 8 to 10 dimensions, and later with more points.
bool suits_a_tree(std::size_t n, std::size_t dims) noexcept { return dims <= 9 || (dims <= 15 && n > 100'000); }

std::vector<Edge> spanning_tree_by_tree(core::Context& ctx, const Space& space, std::size_t samples, double* cores) {
  const KdTree tree(ctx, space.points(), space.inverse_norm());
  Buffer<double> by_slot(space.size());
  core_distances(ctx, tree, samples, by_slot.data());
  for (std::size_t s = 0; s < space.size(); ++s) cores[tree.row(s)] = by_slot[s];
  TreeEdges edges(ctx, tree, space, by_slot.data());
  return minimum_spanning_tree(ctx, edges, space.size(), by_slot.data());
}

std::vector<Edge> spanning_tree_by_pairs(core::Context& ctx, const simd::Kernels& k, const Space& space,
                                         std::size_t samples, double* cores) {
  const Neighbours neighbours = core_distances(ctx, k, space, samples, cores);
  DenseEdges edges(ctx, k, space, neighbours, cores);
  return minimum_spanning_tree(ctx, edges, space.size(), cores);
}

}  // namespace

std::size_t hdbscan(core::Context& ctx, const simd::Kernels& k, ConstMatrix points, const HdbscanOptions& options,
                    HdbscanOutput& out) {
  require_finite(ctx, points, "points");
  const std::size_t n = points.rows;
  const Space space(ctx, points, "points", options.cosine, options.alpha);
  if (n == 1) {
    out.core_distances[0] = 0;
    out.membership.labels[0] = -1;
    out.membership.probabilities[0] = out.membership.outlier_scores[0] = 0;
    out.membership.exemplar_starts[0] = 0;
    out.condensed.points = out.condensed.clusters = 1;
    return 0;
  }
  const std::size_t samples = std::min(options.min_samples, n - 1);
  std::vector<Edge> tree = suits_a_tree(n, points.cols) ? spanning_tree_by_tree(ctx, space, samples, out.core_distances)
                                                    : spanning_tree_by_pairs(ctx, k, space, samples, out.core_distances);
  for (std::size_t i = 0; i < n; ++i) out.core_distances[i] = space.distance(out.core_distances[i]);
  single_linkage(ctx, space, std::move(tree), out.linkage);
  condense(ctx, out.linkage, n, options.min_cluster_size, out.condensed);
  const std::vector<Cluster> clusters = clusters_of(out.condensed);
  const std::vector<std::int32_t> chosen =
      n < options.min_cluster_size ? std::vector<std::int32_t>{} : select(clusters, options.selection);
  std::copy(chosen.begin(), chosen.end(), out.chosen);
  membership(ctx, out.condensed, clusters, chosen, options.selection.epsilon, out.membership);
  // The root may stand alone, and yet no point stay in it up to epsilon.
  const bool empty = std::all_of(out.membership.labels, out.membership.labels + n, [](std::int32_t l) { return l < 0; });
  return empty ? 0 : chosen.size();
}

}  // namespace matomari
