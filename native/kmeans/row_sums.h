#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/buffer.h"
#include "core/context.h"
#include "core/fixed_point.h"
#include "core/parallel.h"
#include "distances/pair.h"
#include "kmeans/seeding.h"

// Sums over the rows of a fit.
namespace matomari {

// The largest weight; bad_input where one is negative or not finite, or where none is above 0.
inline double check_weights(const float* weight, std::size_t rows) {
  double largest = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    const auto w = static_cast<double>(weight[i]);
    if (!std::isfinite(w) || w < 0)
      throw core::Error(core::Code::bad_input, "sampleWeight[" + std::to_string(i) + "] is " + std::to_string(w) +
                                                   ": weights must be finite and not negative");
    largest = std::max(largest, w);
  }
  if (largest == 0)
    throw core::Error(core::Code::bad_input, "sampleWeight is zero for every row: give at least one row a weight");
  return largest;
}

// Brings a vector to length 1; false where it has none.
inline bool bring_to_unit_length(double* v, std::size_t d) {
  double square = 0;
  for (std::size_t l = 0; l < d; ++l) square += v[l] * v[l];
  if (!(square > 0)) return false;
  const double norm = std::sqrt(square);
  for (std::size_t l = 0; l < d; ++l) v[l] /= norm;
  return true;
}

// Σ over rows of a term, which must not be negative, in fixed point: the same whatever the order. `term(begin, end, out)`
// writes out[begin] … out[end − 1].
template <class Term>
double order_free_sum(core::Context& ctx, std::size_t rows, std::size_t grain, Term&& term) {
  core::Buffer<double> terms(rows);
  std::vector<double> most(ctx.threads(), 0.0);
  core::parallel_for(ctx, rows, grain, [&](std::size_t begin, std::size_t end, unsigned slot) {
    term(begin, end, terms.data());
    for (std::size_t i = begin; i < end; ++i) most[slot] = std::max(most[slot], terms[i]);
  });
  const core::FixedSum fixed(*std::max_element(most.begin(), most.end()), rows);
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < rows; ++i) sum += fixed.term(terms[i]);
  return fixed.value(sum);
}

// out[i] = Σ (value(row(i)) − target(i))² for i in [begin, end).
template <class Row, class Target>
void squared_distances(const simd::Kernels& k, const KMeansData& data, std::size_t begin, std::size_t end, Row&& row,
                       Target&& target, double* out) {
  constexpr std::size_t kPairs = 64;
  const float* x[kPairs] = {};
  const double* to[kPairs] = {};
  double scale[kPairs] = {};
  for (std::size_t i = begin; i < end; i += kPairs) {
    const std::size_t count = std::min(kPairs, end - i);
    for (std::size_t p = 0; p < count; ++p) {
      const std::size_t at = row(i + p);
      x[p] = data.points.row(at);
      to[p] = target(i + p);
      if (data.inverse_norm) scale[p] = data.inverse_norm[at];
    }
    k.wide_differences64(x, data.inverse_norm ? scale : nullptr, to, count, data.points.cols, out + i);
  }
}

// Σ weight · squared distance to the own centroid; for cosine Σ weight · (1 − cos). centroids: [clusters × d].
inline double inertia_of(core::Context& ctx, const simd::Kernels& k, const KMeansData& data, const float* centroids,
                         std::size_t clusters, const std::int32_t* labels, std::size_t grain) {
  const std::size_t d = data.points.cols;
  const bool cosine = data.inverse_norm != nullptr;
  core::Buffer<double> wide(clusters * d);
  std::copy_n(centroids, clusters * d, wide.data());
  for (std::size_t j = 0; cosine && j < clusters; ++j) bring_to_unit_length(wide.data() + j * d, d);
  return order_free_sum(ctx, data.points.rows, grain, [&](std::size_t begin, std::size_t end, double* out) {
    squared_distances(k, data, begin, end, std::identity{},
                      [&](std::size_t i) { return wide.data() + static_cast<std::size_t>(labels[i]) * d; }, out);
    for (std::size_t i = begin; i < end; ++i) out[i] *= cosine ? data.weight_of(i) / 2 : data.weight_of(i);
  });
}

}  // namespace matomari
