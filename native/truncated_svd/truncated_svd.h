#pragma once
#include <cstddef>
#include <cstdint>

#include "core/context.h"
#include "core/sparse.h"
#include "core/view.h"
#include "simd/kernels.h"

namespace matomari {

struct TruncatedSvdResult {
  float* components;       // [count × cols], rows of length 1, largest entry positive
  float* singular_values;  // [count]
  float* variance;         // [count]: of the columns of the embedding
  float* variance_ratio;   // [count]
  float* embedding;        // [rows × count]
};

// The singular value decomposition cut off after `count` values, at most min(rows, cols) of them: scikit-learn's
// TruncatedSVD, converged. embedding = matrix · componentsᵀ, by the rounded components.
template <class Index>
void truncated_svd(core::Context& ctx, const simd::Kernels& k, const core::SparseView<Index>& matrix, std::size_t count,
                   std::uint64_t seed, const TruncatedSvdResult& out);

// out = matrix · componentsᵀ, added in float64 in the order of the entries and rounded once. Throws bad_input where a
// value is beyond the largest float32. components: [count × matrix.cols], out: [matrix.rows × count].
template <class Index>
void truncated_svd_transform(core::Context& ctx, const simd::Kernels& k, const core::SparseView<Index>& matrix,
                             core::ConstMatrix components, float* out);

}  // namespace matomari
