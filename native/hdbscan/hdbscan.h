#pragma once
#include <cstddef>
#include <cstdint>

#include "core/context.h"
#include "core/view.h"
#include "hdbscan/condensed_tree.h"
#include "hdbscan/membership.h"
#include "hdbscan/selection.h"
#include "hdbscan/single_linkage.h"
#include "simd/kernels.h"

namespace matomari {

struct HdbscanOptions {
  std::size_t min_cluster_size = 5;
  std::size_t min_samples = 5;  // the point itself not counted
  double alpha = 1;
  bool cosine = false;
  density::Selection selection;
};

// Arrays that the caller owns. n: points, c: CondensedTree::most_clusters.
struct HdbscanOutput {
  double* core_distances;             // [n]
  density::SingleLinkage linkage;     // [n − 1]
  density::CondensedTree condensed;   // [most_rows]; its counts are filled in
  density::Membership membership;     // [n], exemplar_starts [c + 1]
  std::int32_t* chosen;               // [c]: which clusters of the condensed tree the labels are
};

// Hierarchical density-based clustering (Campello, Moulavi, Sander 2013) as the hdbscan package defines it. Returns how
// many clusters were chosen. With fewer points than min_cluster_size there is none.
std::size_t hdbscan(core::Context& ctx, const simd::Kernels& k, core::ConstMatrix points, const HdbscanOptions& options,
                    HdbscanOutput& out);

// The cluster that a new point would fall into if the tree were left as it is, and how surely. A new point hangs on the
// point of the model that it reaches first, at the mutual reachability distance, among its 2 · min_samples nearest.
struct HdbscanModel {
  core::ConstMatrix points;
  const double* core_distances;
  density::CondensedTree condensed;
  const std::int32_t* chosen;
  std::size_t chosen_count;
};
void approximate_predict(core::Context& ctx, const simd::Kernels& k, const HdbscanModel& model, core::ConstMatrix points,
                         const HdbscanOptions& options, std::int32_t* labels, float* probabilities);

}  // namespace matomari
