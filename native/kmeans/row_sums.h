#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
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

// out[i] = Σ (value(i) − target(i))² for each row in [begin, end).
template <class T, class Target>
void squared_distances(const KMeansData& data, std::size_t begin, std::size_t end, double* out, Target&& target) {
  const std::size_t d = data.points.cols;
  std::size_t i = begin;
  if (!data.inverse_norm)
    for (; i + 4 <= end; i += 4) {
      const float* const rows[4] = {data.points.row(i), data.points.row(i + 1), data.points.row(i + 2), data.points.row(i + 3)};
      const T* const to[4] = {target(i), target(i + 1), target(i + 2), target(i + 3)};
      double four[4];
      squared_difference4(rows, to, d, four);
      std::copy_n(four, 4, out + i);
    }
  for (; i < end; ++i) {
    const T* to = target(i);
    double sum = 0;
    for (std::size_t l = 0; l < d; ++l) {
      const double t = data.value(i, l) - static_cast<double>(to[l]);
      sum += t * t;
    }
    out[i] = sum;
  }
}

// Σ weight · squared distance to the own centroid; for cosine Σ weight · (1 − cos). centroids: [clusters × d].
inline double inertia_of(core::Context& ctx, const KMeansData& data, const float* centroids, std::size_t clusters,
                         const std::int32_t* labels, std::size_t grain) {
  const std::size_t d = data.points.cols;
  const bool cosine = data.inverse_norm != nullptr;
  core::Buffer<double> unit(cosine ? clusters * d : 0);
  for (std::size_t i = 0; i < unit.size(); ++i) unit[i] = static_cast<double>(centroids[i]);
  for (std::size_t j = 0; cosine && j < clusters; ++j) bring_to_unit_length(unit.data() + j * d, d);
  return order_free_sum(ctx, data.points.rows, grain, [&](std::size_t begin, std::size_t end, double* out) {
    if (cosine)
      squared_distances<double>(data, begin, end, out, [&](std::size_t i) { return unit.data() + static_cast<std::size_t>(labels[i]) * d; });
    else
      squared_distances<float>(data, begin, end, out, [&](std::size_t i) { return centroids + static_cast<std::size_t>(labels[i]) * d; });
    for (std::size_t i = begin; i < end; ++i) out[i] *= cosine ? data.weight_of(i) / 2 : data.weight_of(i);
  });
}

}  // namespace matomari
