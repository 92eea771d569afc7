#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/context.h"
#include "core/fixed_point.h"
#include "kmeans/centroid_sums.h"
#include "kmeans/seeding.h"

namespace matomari {

// The centroids of a fit from its labels: means of the clusters' rows, with scikit-learn's rule for those that are empty.
class CentroidUpdate {
 public:
  // factor [rows]: what a row counts, or null for 1; largest [cols]: bounds |row · factor|; largest_weight: of a row.
  CentroidUpdate(core::Context& ctx, const simd::Kernels& k, const KMeansData& data, std::size_t clusters, const double* factor,
                 const double* largest, double largest_weight);

  // What an assignment tells of the rows that move: note() from its threads, then collect().
  void open();
  void note(unsigned slot, const std::vector<Move>& moves);
  void collect();
  // Whether any row moved then.
  bool moved() const noexcept { return moved_; }
  // centroids [clusters × cols] for these labels; `previous` are those that gave the labels.
  void place(const std::int32_t* labels, const double* previous, double* centroids);

 private:
  std::vector<Move> relocate(const std::int32_t* labels, const double* previous, std::vector<std::int64_t>& weight) const;
  void average(const std::vector<std::int64_t>& weight, const double* previous, double* centroids) const;

  core::Context& ctx_;
  const simd::Kernels& k_;
  KMeansData data_;
  std::size_t clusters_;
  CentroidSums sums_;
  core::FixedSum weights_;
  std::vector<std::int64_t> weight_;               // of each cluster
  std::vector<std::vector<std::int64_t>> gained_;  // by each cluster, as each thread has noted; empty where it has noted nothing
  bool moved_ = false;
};

}  // namespace matomari
