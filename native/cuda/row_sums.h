#pragma once
#include <cstddef>
#include <cstdint>

#include "core/fixed_point.h"
#include "cuda/runtime.h"

// Sums over the rows of a fit, to the bits of kmeans/row_sums.h. All pointers are device memory; nothing waits, unless it
// says so.
namespace matomari::cuda {

// Rows of a fit: all pointers begin with the same row.
struct FitRows {
  const float* points;    // [rows × d]
  const double* inverse;  // [rows], 1/length, cosine only
  const float* weight;    // [rows], or null: all 1
  std::size_t rows, d;
};

// out[i] = Σ (value(i) − target(i))² in column order, where target(i) is targets[labels[i]], or targets[0] without labels;
// times the row's weight · share, where there is a share.
void squared_distances(const Session& session, const FitRows& rows, const double* targets, const std::int32_t* labels, double share,
                       double* out);

// *out = max(*out, values[i] · weight[i]), none of which is negative; the bits of a double.
void raise_to_largest(const Session& session, const double* values, const float* weight, std::size_t n, unsigned long long* out);

// Σ values in fixed point, as order_free_sum has it. Waits.
double order_free_sum(const Session& session, const double* values, std::size_t n);

// most[l] = max(most[l], |value(i, l)|) over the rows, with weights or without; the bits of doubles.
void raise_column_bounds(const Session& session, const FitRows& rows, unsigned long long* most);

// scale[l] = fixed_scale(bounds[l], count).
void column_scales(const Session& session, const double* bounds, std::size_t d, std::size_t count, double* scale);

}  // namespace matomari::cuda
