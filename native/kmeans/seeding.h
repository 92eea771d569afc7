#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/context.h"
#include "core/view.h"
#include "nearest/screen_panels.h"
#include "simd/kernels.h"

namespace matomari {

// The points a fit works on: rows of float32, for cosine brought to length 1 by `inverse_norm`, with optional weights.
struct KMeansData {
  core::ConstMatrix points;
  const double* inverse_norm = nullptr;  // [rows], cosine only
  const float* weight = nullptr;         // [rows], or all 1
  const float* mean = nullptr;           // [cols], near the mean of the data
  const PackedRows* packed = nullptr;    // the rows less the mean, for a low-precision screen, where there is one

  double value(std::size_t row, std::size_t column) const noexcept {
    const auto v = static_cast<double>(points.row(row)[column]);
    return inverse_norm ? v * inverse_norm[row] : v;
  }
  double weight_of(std::size_t row) const noexcept { return weight ? static_cast<double>(weight[row]) : 1.0; }
};

// k rows by greedy k-means++ (Arthur, Vassilvitskii 2007; with 2 + ⌊ln k⌋ candidates a step, as scikit-learn does):
// a candidate is drawn in proportion to weight · squared distance to the nearest seed, and the one that lowers the sum of
// these the most is taken.
std::vector<std::size_t> seed_plus_plus(core::Context& ctx, const simd::Kernels& k, const KMeansData& data,
                                        std::size_t clusters, std::uint64_t seed, std::uint32_t run);

// k different rows, drawn in proportion to their weights.
std::vector<std::size_t> seed_random(core::Context& ctx, const KMeansData& data, std::size_t clusters,
                                     std::uint64_t seed, std::uint32_t run);

}  // namespace matomari
