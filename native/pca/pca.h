#pragma once
#include <cstddef>

#include "core/context.h"
#include "core/view.h"
#include "simd/kernels.h"

namespace matomari {

struct PcaResult {
  float* mean;                // [cols]
  float* components;          // [count × cols], rows of length 1, largest entry positive
  float* variance;            // [count]
  float* variance_ratio;      // [count]
  float* embedding;           // [rows × count]
};

// Principal components by the eigenvectors of the covariance matrix, which is added up in float64 in one order.
void pca(core::Context& ctx, const simd::Kernels& k, core::ConstMatrix points, std::size_t count, const PcaResult& out);

}  // namespace matomari
