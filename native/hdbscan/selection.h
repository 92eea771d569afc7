#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "hdbscan/stability.h"

namespace matomari::density {

struct Selection {
  bool leaf = false;          // the leaves of the tree, instead of the excess of mass
  double epsilon = 0;         // clusters that appear at a smaller distance are merged into the first that does not
  bool allow_single = false;  // whether the root may be chosen
  std::size_t largest = 0;    // points of a cluster chosen by excess of mass at most; 0: no limit
};

// The clusters chosen, ascending. The rules are those of the hdbscan package (Campello, Moulavi, Sander 2013; epsilon:
// Malzer, Baum 2020), its corner cases included: the root's size counts only its child clusters, and with `leaf` the
// root of a tree that never splits is not chosen.
std::vector<std::int32_t> select(const std::vector<Cluster>& clusters, const Selection& selection);

}  // namespace matomari::density
