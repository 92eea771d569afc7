#pragma once
#include "core/context.h"
#include "core/view.h"
#include "weighted_mean/weighted_mean.h"

namespace matomari::cuda {

// Of vectors, in a block of the weights by column: what a GPU's second-level cache has room for.
inline constexpr std::size_t kWeightedBytes = std::size_t{24} << 20;
inline std::size_t weighted_rows(std::size_t cols) { return kWeightedBytes / sizeof(float) / (cols + 1) + 1; }

// matomari::weighted_mean on a CUDA device: the same numbers to the bit.
template <class Index>
void weighted_mean(core::Context& ctx, int device, const SparseView<Index>& weights, core::ConstMatrix vectors, core::MutableMatrix out);

}  // namespace matomari::cuda
