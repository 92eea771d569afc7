#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "hdbscan/condensed_tree.h"

namespace matomari::density {

// A cluster of the condensed tree, over its whole life.
struct Cluster {
  std::int32_t parent = -1;  // index of a cluster, or −1: the root
  std::int32_t size = 0;     // points when it appears
  double birth = 0;          // lambda at which it appears
  double death = 0;          // largest lambda at which anything leaves it
  double stability = 0;      // Σ (lambda − birth) over its points: its excess of mass
  bool is_leaf = true;
};

// All clusters, the root first, each parent before its children.
std::vector<Cluster> clusters_of(const CondensedTree& tree);

}  // namespace matomari::density
