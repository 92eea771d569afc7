#pragma once
#include <cstddef>
#include <cstdint>

#include "core/fixed_point.h"
#include "cuda/corpus.h"
#include "cuda/row_sums.h"
#include "cuda/runtime.h"

namespace matomari::cuda {

// What the host learns of an iteration.
struct Survey {
  unsigned moved;     // rows that have changed clusters
  unsigned empty;     // clusters without weight
  unsigned heaviest;  // the first cluster of the largest weight
};

// A row that enters a cluster, or leaves it.
struct Entry {
  std::uint32_t row;  // the highest bit: it leaves
  std::uint32_t cluster;
};

// The centroids of a fit from its labels, to the bits of kmeans.cc: 64-bit sums follow the rows that move, segmented by
// cluster, so that a sum gets one addition a segment. All pointers are device memory.
class CentroidUpdate {
 public:
  // scale [d]: column_scales of the fit. most: rows that follow() gets at once.
  CentroidUpdate(const Session& session, std::size_t clusters, std::size_t d, std::size_t most, const double* scale,
                 const core::FixedSum& weights, bool unit);
  ~CentroidUpdate();

  // Forgets all rows.
  void reset() const;
  // Before the rows of an iteration.
  void begin() const;
  // Rows that went from the labels `from` (−1: from none) to `to`.
  void follow(const FitRows& rows, const std::int32_t* from, const std::int32_t* to) const;
  // After them. Waits.
  Survey survey() const;
  // Clusters without weight take over the points that lie farthest from their centroids, for the means of this iteration only.
  // far [rows] is destroyed. False where every point lies on its centroid. Waits.
  bool lend(Corpus& corpus, const FitRows& facts, const std::int32_t* labels, double* far, std::size_t empty);
  // Takes them back.
  void give_back(Corpus& corpus, const FitRows& facts, std::size_t empty);
  // Means of the clusters; `previous` are the centroids they had.
  void average(const double* previous, double* centroids) const;
  // How far the centroids have moved, as a sum of squares. Waits.
  double shift(const double* previous, const double* centroids) const;

 private:
  void add(const FitRows& rows, const std::uint32_t* ids, const Entry* entries, const unsigned* count, std::size_t most, bool back) const;
  void add_lent(Corpus& corpus, const FitRows& facts, std::size_t empty, bool back);

  const Session& session_;
  std::size_t clusters_, d_, lent_rows_;  // rows lent that are fetched at once
  const double* scale_;
  core::FixedSum weights_;
  bool unit_;
  DeviceBuffer<long long> sums_, weight_, used_;
  DeviceBuffer<unsigned> starts_;  // [clusters + 1]
  DeviceBuffer<Entry> entries_;
  DeviceBuffer<Survey> survey_;
  DeviceBuffer<std::uint32_t> empty_;
  DeviceBuffer<double> shifts_, shift_;
  // Lent rows, of which there mostly are none: made at their first use.
  struct Lent;
  std::unique_ptr<Lent> lent_;
};

}  // namespace matomari::cuda
