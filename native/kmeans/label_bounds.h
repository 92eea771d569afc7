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
  // Moves the bounds of the rows from `begin` to `end` along; once for each `follow`. Copies their labels from `previous`, −1 for none,
  // and lists those rows that are not proven to keep theirs.
  void keep(std::size_t begin, std::size_t end, const std::int32_t* previous, std::int32_t* labels, std::vector<std::uint32_t>& others);
  // Where a search notes the bounds of the rows it looks at.
  CentroidSearch::Margins margins() noexcept { return {upper_.data(), lower_.data()}; }
  // The same for one row: the true score of its own centroid is at most `own`, that of every other at least `other`.
  void note(std::size_t row, const Extent& x, double own, double other) noexcept;

 private:
  std::size_t clusters_, d_;
  bool known_ = false;
  core::Buffer<float> upper_, lower_;
  core::Buffer<double> centroids_;
  // How far its own centroid has moved away from a row at most, and any other towards it: for the label −1, which knows nothing, and
  // every other.
  struct Step {
    float away, toward;
  };
  std::vector<Step> step_;
};

}  // namespace matomari
