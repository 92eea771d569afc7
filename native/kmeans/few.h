#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/buffer.h"
#include "core/context.h"
#include "kmeans/layers.h"
#include "nearest/centroid_search.h"

namespace matomari {

// The nearest of few centroids: every row is scored against all of them at once, whatever label it had. Both int8 layers of a row
// are the bytes of a number of 16 bits, of which as many are taken as the sums of 128 products leave room for in 32 bits; centroids
// are rounded to 16 bits likewise. Sums of blocks of columns are added up in float32.
class Few {
 public:
  // Whether that is faster than Rivals, whose cost begins with a row's own centroid and then grows half as fast. The two met between 30,000
  // and 50,000 products a row (docs/decisions/kmeans-rooflines.md).
  static bool suits(std::size_t clusters, std::size_t d) noexcept { return clusters <= simd::kFew && clusters * d <= 40000; }

  // All rows, packed in int8; kept by reference.
  Few(Metric metric, std::size_t clusters, core::ConstMatrix points, const PackedRows& first, const RowLayers& second);

  // The centroids as CentroidSearch has them: of length 1 for cosine.
  void set(const double* centroids, const float* shift);
  // labels[i] for the rows i of `ids`, and what else is known of them. Rows that stay open are added to `open`. Those that leave the
  // label in `previous`, if not −1, are fetched: sums will want them.
  void assign(const core::Context& ctx, const std::vector<std::uint32_t>& ids, const std::int32_t* previous, std::int32_t* labels,
              CentroidSearch::Margins margins, std::vector<std::uint32_t>& open) const;

 private:
  // Roundings of a score in units of 2^-24 of its size, offset + L · L', where L and L' are the lengths with errors. The sum of a
  // block is no more than the product of the lengths of these columns, and all of those together no more than L · L': converting
  // them loses one unit, and each addition one. Then the scale, the offset, the error of the score, which is at most 2 L · L', and
  // what is known of the row, once a score has won: 1, 1, 3 and 7. What float32 fields are rounded by outweighs their own products.
  static constexpr double kSteps = 16, kStepsOfColumn = 1.0 / static_cast<double>(simd::kFewBlock);

  const simd::ScreenKernels& k_;
  ScreenBound bound_;
  core::ConstMatrix points_;
  std::size_t clusters_, d_, depth_;
  simd::LayeredRows rows_;
  core::Buffer<std::uint32_t> pairs_;  // [2 · depth × clusters]
  std::vector<simd::WordTarget> targets_;
  simd::WordTargets panel_;
};

}  // namespace matomari
