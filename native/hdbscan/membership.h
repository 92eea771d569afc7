#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "hdbscan/condensed_tree.h"
#include "hdbscan/stability.h"

namespace matomari::density {

// What a point is to the clusters chosen. Arrays: [points].
struct Membership {
  std::int32_t* labels;   // position of its cluster among the chosen, or −1: noise
  float* probabilities;   // lambda at which it leaves, as a share of the largest in its cluster; 0 for noise
  float* outlier_scores;  // GLOSH: how much sooner it leaves than the last below its cluster, from 0 to 1
  std::int32_t* exemplars;        // the points that stay longest in the leaves of each cluster, ascending, cluster by cluster
  std::int32_t* exemplar_starts;  // [chosen + 1]: where those of each cluster begin
};

// The label of every cluster: that of the nearest one chosen among itself and its ancestors, or −1.
std::vector<std::int32_t> labels_of(const std::vector<Cluster>& clusters, const std::vector<std::int32_t>& chosen);

// Where the root alone was chosen: the lambda at which a point must still be there to belong to it. That is as long as
// all that stays longest in it, or up to epsilon.
double least_root_lambda(const std::vector<Cluster>& clusters, double epsilon);

// epsilon: as it was for the selection.
void membership(core::Context& ctx, const CondensedTree& tree, const std::vector<Cluster>& clusters,
                const std::vector<std::int32_t>& chosen, double epsilon, Membership out);

}  // namespace matomari::density
