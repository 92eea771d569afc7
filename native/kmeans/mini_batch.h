#pragma once
#include <cstddef>
#include <cstdint>

#include "core/context.h"
#include "core/view.h"
#include "kmeans/kmeans.h"
#include "simd/kernels.h"

namespace matomari {

struct MiniBatchOptions {
  std::size_t batch = 1024;             // rows drawn, with replacement, for a step
  std::uint32_t max_no_improvement = 10;  // steps without a lower smoothed inertia after which it ends; 0: never
  double reassignment_ratio = 0.01;     // clusters lighter than this share of the heaviest start anew
};

// Mini-batch k-means (Sculley: Web-scale k-means clustering, WWW 2010) with scikit-learn's rules for seeding from a
// sample, for light clusters and for stopping. Of `options`, max_iterations counts passes over as many rows as there are,
// and tolerance is not read. Labels are those of an assignment of all rows to the rounded centroids.
struct MiniBatchResult : KMeansResult {
  std::uint64_t steps = 0;
};
MiniBatchResult mini_batch_kmeans(core::Context& ctx, const simd::Kernels& k, core::ConstMatrix points,
                                  const KMeansOptions& options, const MiniBatchOptions& batches, float* centroids,
                                  std::int32_t* labels, std::int32_t* sizes);

}  // namespace matomari
