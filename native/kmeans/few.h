#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/buffer.h"
#include "core/context.h"
#include "kmeans/label_bounds.h"
#include "kmeans/layers.h"

namespace matomari {

// The nearest of few centroids: each row is scored against all of them in both int8 layers at once, whatever label it had.
//
// With x = x₁ + x₂ + δ and c = c₁ + c₂ + ε, the two layers and what they leave over, a score takes x₁·c₁ + x₁·c₂ + x₂·c₁ for
// x·c. These are three whole-number products, of which the latter two are in the same steps and share a sum. Then
//
//     |x·c − (x₁·c₁ + x₁·c₂ + x₂·c₁)| ≤ ‖δ‖‖c‖ + ‖x₁ + x₂‖‖ε‖ + ‖x₂‖‖c₂‖
//
// where the last term, of the product that is left out, is as large as the others together. `kSteps` has the roundings of a score.
class Few {
 public:
  static constexpr std::size_t kMost = simd::kFew;

  // `first`: all rows, packed in int8; with `rows`, kept by reference.
  Few(core::Context& ctx, const simd::Kernels& k, Metric metric, std::size_t clusters, const RowSource& rows, const PackedRows& first);

  // The centroids as CentroidSearch has them: of length 1 for cosine.
  void set(const double* centroids, const float* shift);
  // labels[i] for the rows i of `ids`. Rows that stay open are added to `open`.
  void assign(const core::Context& ctx, const std::vector<std::uint32_t>& ids, std::int32_t* labels, CentroidSearch::Margins margins,
              std::vector<std::uint32_t>& open) const;

 private:
  // Roundings of a score, in units of 2^-24 of its size, which is `offset` + L · L', the lengths with both layers and errors.
  // |x₁·c₁| ≤ L · L' and |x₁·c₂ + x₂·c₁| ≤ 2 L · L'. Converting both: 3; 1/254: 2; their sum, its product with the scale of c, the score
  // and the score less its error, which is no more than 3 L · L': 3, 3, 4 and 7; adding what is known of the row to the best, and
  // taking it off the second best: 7. Float32 fields are rounded to the safe side by more than their products lose.
  static constexpr double kSteps = 32;

  const simd::ScreenKernels& k_;
  ScreenBound bound_;
  std::size_t clusters_, d_, depth_;
  const PackedRows& first_;
  RowLayers second_;
  core::Buffer<std::uint32_t> groups_;  // [depth × clusters × 2]
  std::vector<simd::LayeredTarget> targets_;
  simd::LayeredTargets panel_;
};

}  // namespace matomari
