#pragma once
#include "core/context.h"
#include "core/view.h"
#include "weighted_mean/weighted_mean.h"

namespace matomari::cuda {

// matomari::weighted_mean on a CUDA device: the same numbers to the bit.
template <class Index>
void weighted_mean(core::Context& ctx, int device, const SparseView<Index>& weights, core::ConstMatrix vectors, core::MutableMatrix out);

}  // namespace matomari::cuda
