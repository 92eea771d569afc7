#include "cuda/distances.h"

#include <algorithm>

#include "core/finite.h"
#include "cuda/call.h"

namespace matomari::cuda {

void distances(core::Context& ctx, int device, core::ConstMatrix a, core::ConstMatrix b, Metric metric, core::MutableMatrix out) {
  auto check = [&] {
    require_finite(ctx, a, "a");
    require_finite(ctx, b, "b");
  };
  if (a.rows == 0 || b.rows == 0) return check();
  if (a.cols == 0) {  // nothing but zeros, and 1 for cosine
    std::fill_n(out.data, out.size(), metric == Metric::cosine ? 1.0f : 0.0f);
    return;
  }
  MatomariCudaDistances arguments{device, static_cast<int>(metric), a.data, a.rows, b.data, b.rows, a.cols, out.data};
  call(ctx, plugin(device).distances, arguments, check);
}

}  // namespace matomari::cuda
