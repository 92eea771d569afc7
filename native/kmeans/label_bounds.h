#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/buffer.h"
#include "nearest/centroid_search.h"

namespace matomari {

// Proof that a row keeps its label without looking at it: an upper bound on the distance to its own centroid and a lower
// bound on that to every other, which follow the centroids by how far those moved (Hamerly: Making k-means even faster,
// SDM 2010). Every step rounds to the safe side, and the gap must exceed what float64 could confuse, so that the label is
// the one that a full search would give, to the bit.
class LabelBounds {
 public:
  LabelBounds(std::size_t rows, std::size_t clusters, std::size_t d);

  // Forgets all rows.
  void reset();
  // The centroids have moved to these.
  void follow(const double* centroids);
  // Whether row i, which has this label, is proven to keep it. Moves its bounds along; call it once for each `follow`.
  bool keeps(std::size_t row, std::int32_t label);
  // Where a search notes the bounds of the rows it looks at.
  CentroidSearch::Margins margins() noexcept { return {upper_.data(), lower_.data()}; }
  // The same for one row: the true score of its own centroid is at most `own`, that of every other at least `other`.
  void note(std::size_t row, const Extent& x, double own, double other) noexcept;

 private:
  std::size_t clusters_, d_;
  bool known_ = false;
  core::Buffer<float> upper_, lower_;
  core::Buffer<double> centroids_;
  std::vector<double> shift_;
  double largest_ = 0, second_ = 0;  // of the shifts
  std::size_t farthest_ = 0;
};

}  // namespace matomari
