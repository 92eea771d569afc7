#pragma once
#include "core/context.h"
#include "core/view.h"
#include "simd/kernels.h"
#include "weighted_mean/by_column.h"

namespace matomari {

// out[j] = Σᵢ w[i, j] · vectors[i] / Σᵢ w[i, j], or zeros where the weights of a column add up to 0. Added in float64 in
// row order, rounded once. Throws bad_input where the sparse matrix is malformed or holds NaN. out: [weights.cols × d].
template <class Index>
void weighted_mean(core::Context& ctx, const simd::Kernels& k, const SparseView<Index>& weights,
                   core::ConstMatrix vectors, core::MutableMatrix out);

}  // namespace matomari
