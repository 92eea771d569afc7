#pragma once
#include <cstddef>
#include <cstdint>

#include "core/context.h"
#include "core/view.h"
#include "simd/kernels.h"
#include "umap/find_ab.h"
#include "umap/fuzzy_set.h"

namespace matomari {

struct LayoutOptions {
  Curve curve{};
  std::uint32_t epochs = 0;
  // Springs weaker than the strongest / least_epochs are cut.
  std::uint32_t least_epochs = 0;
  double learning_rate = 1;
  int negative_samples = 5;
  double repulsion = 1;
  std::uint64_t seed = 0;
};

// Moves the rows of `positions` by the springs of a symmetric graph among them: umap-learn's schedule of springs and
// random rows, but every row gathers the forces on itself from where the others were and writes only its own place, so
// that neither threads nor lanes change a bit.
void optimize_layout(core::Context& ctx, const simd::Kernels& k, const Graph& graph, const LayoutOptions& options,
                     core::MutableMatrix positions);

// The same for new rows, tied by springs to rows that stay where they are.
void place_in_layout(core::Context& ctx, const simd::Kernels& k, const Graph& graph, const LayoutOptions& options,
                     core::ConstMatrix fixed, core::MutableMatrix positions);

}  // namespace matomari
