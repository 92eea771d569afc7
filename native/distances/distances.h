#pragma once
#include "core/context.h"
#include "core/view.h"
#include "distances/pair.h"
#include "simd/kernels.h"

namespace matomari {

// Squared norms of the rows, in float64, in index order.
void squared_norms(core::Context& ctx, core::ConstMatrix m, double* out);

// out[i, j] = metric(a[i], b[j]), computed in float64 and rounded once. out: [a.rows × b.rows].
void distances(core::Context& ctx, const simd::Kernels& k, core::ConstMatrix a, core::ConstMatrix b, Metric metric,
               core::MutableMatrix out);

}  // namespace matomari
