#pragma once
#include "core/context.h"
#include "core/view.h"
#include "simd/kernels.h"
#include "umap/fuzzy_set.h"
#include "umap/umap.h"

namespace matomari {

// Where the layout starts: each coordinate from 0 to 10. Returns what was used (umap.h).
UmapInit initial_positions(core::Context& ctx, const simd::Kernels& k, core::ConstMatrix points, const Graph& graph,
                           const UmapOptions& options, core::MutableMatrix out);

}  // namespace matomari
