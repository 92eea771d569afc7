#pragma once
#include <cstddef>
#include <cstdint>

#include "core/context.h"
#include "core/view.h"
#include "nearest/nearest.h"
#include "simd/kernels.h"

namespace matomari {

enum class UmapInit { spectral, pca, random, given };

struct UmapOptions {
  std::size_t neighbors = 15;  // the point itself is one of them
  double min_dist = 0.1, spread = 1;
  Metric metric = Metric::euclidean;
  std::uint32_t epochs = 0, default_epochs = 0;
  double learning_rate = 1;
  int negative_samples = 5;
  double repulsion = 1, mix_ratio = 1, local_connectivity = 1;
  UmapInit init = UmapInit::spectral;
  const float* initial = nullptr;  // [rows × components], for UmapInit::given
  std::uint64_t seed = 0;
};

// McInnes, Healy, Melville: UMAP, 2018, with umap-learn's definitions. embedding: [points.rows × components]. Returns
// the initialisation that was used: spectral falls back to pca where the graph is not connected, and either to random
// where the points have too few rows or columns.
UmapInit umap(core::Context& ctx, const simd::Kernels& k, core::ConstMatrix points, const UmapOptions& options,
              core::MutableMatrix embedding);

// Places new points among those of a finished map: out: [points.rows × embedding.cols].
void umap_transform(core::Context& ctx, const simd::Kernels& k, core::ConstMatrix fitted, core::ConstMatrix embedding,
                    core::ConstMatrix points, const UmapOptions& options, core::MutableMatrix out);

}  // namespace matomari
