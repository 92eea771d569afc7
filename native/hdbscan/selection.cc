#include "hdbscan/selection.h"

namespace matomari::density {

namespace {

using Flags = std::vector<bool>;

// Bottom up, a cluster stands unless the clusters chosen below it are together more stable; top down, those below one
// that stands are dropped.
Flags by_excess_of_mass(const std::vector<Cluster>& clusters, const Selection& selection) {
  std::vector<double> below(clusters.size(), 0.0);  // the stability of what is chosen among the descendants
  std::vector<std::size_t> inside(clusters.size(), 0);  // points in child clusters
  Flags stands(clusters.size());
  for (std::size_t c = clusters.size(); c-- > 0;) {
    const bool is_root = c == 0;
    if (is_root && !selection.allow_single) break;
    const std::size_t size = is_root ? inside[c] : static_cast<std::size_t>(clusters[c].size);
    stands[c] = !(below[c] > clusters[c].stability) && (selection.largest == 0 || size <= selection.largest);
    if (is_root) break;
    const auto parent = static_cast<std::size_t>(clusters[c].parent);
    below[parent] += stands[c] ? clusters[c].stability : below[c];
    inside[parent] += static_cast<std::size_t>(clusters[c].size);
  }
  Flags covered(clusters.size());
  for (std::size_t c = 1; c < clusters.size(); ++c) {
    const auto parent = static_cast<std::size_t>(clusters[c].parent);
    covered[c] = covered[parent] || stands[parent];
    if (covered[c]) stands[c] = false;
  }
  return stands;
}

Flags leaves(const std::vector<Cluster>& clusters) {
  Flags chosen(clusters.size());
  for (std::size_t c = 1; c < clusters.size(); ++c) chosen[c] = clusters[c].is_leaf;
  return chosen;
}

// Every chosen cluster that appears at less than epsilon gives way to its nearest ancestor that appears at more; where
// there is none, to the root if it may be chosen, else to the ancestor just below the root.
Flags merge_below(const std::vector<Cluster>& clusters, const Flags& chosen, const Selection& selection) {
  std::vector<std::size_t> heir(clusters.size(), 0);
  Flags merged(clusters.size());
  for (std::size_t c = 1; c < clusters.size(); ++c) {
    const auto parent = static_cast<std::size_t>(clusters[c].parent);
    if (parent == 0)
      heir[c] = selection.allow_single ? 0 : c;
    else
      heir[c] = 1 / clusters[parent].birth > selection.epsilon ? parent : heir[parent];
    if (chosen[c]) merged[1 / clusters[c].birth < selection.epsilon ? heir[c] : c] = true;
  }
  return merged;
}

}  // namespace

std::vector<std::int32_t> select(const std::vector<Cluster>& clusters, const Selection& selection) {
  Flags chosen = selection.leaf ? leaves(clusters) : by_excess_of_mass(clusters, selection);
  if (selection.epsilon != 0 && !chosen[0]) chosen = merge_below(clusters, chosen, selection);
  std::vector<std::int32_t> out;
  for (std::size_t c = 0; c < clusters.size(); ++c)
    if (chosen[c]) out.push_back(static_cast<std::int32_t>(c));
  return out;
}

}  // namespace matomari::density
