#include "cuda/weighted_mean.h"

#include <algorithm>

#include "core/finite.h"
#include "cuda/call.h"

namespace matomari::cuda {

template <class Index>
void weighted_mean(core::Context& ctx, int device, const SparseView<Index>& weights, core::ConstMatrix vectors, core::MutableMatrix out) {
  // The CPU turns the weights round, a block of rows or more for each thread.
  const ByColumn by_column(ctx, weights, std::min(weighted_rows(vectors.cols), weights.rows / ctx.threads() + 1));
  if (by_column.blocks() == 0 || out.size() == 0) {
    require_finite(ctx, vectors, "vectors");
    std::fill_n(out.data, out.size(), 0.0f);
    return;
  }
  MatomariCudaWeightedMean arguments{device, by_column.entries(), weights.entries, by_column.ends(0) - 1, by_column.blocks(),
                                     by_column.rows(0), weights.cols, vectors.data, vectors.rows, vectors.cols, out.data};
  call(ctx, plugin(device).weighted_mean, arguments, [&] { require_finite(ctx, vectors, "vectors"); });
}

template void weighted_mean(core::Context&, int, const SparseView<std::int32_t>&, core::ConstMatrix, core::MutableMatrix);
template void weighted_mean(core::Context&, int, const SparseView<std::int64_t>&, core::ConstMatrix, core::MutableMatrix);

}  // namespace matomari::cuda
