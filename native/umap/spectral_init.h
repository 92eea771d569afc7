#pragma once
#include <cstddef>

#include "core/context.h"
#include "umap/fuzzy_set.h"

namespace matomari {

// Whether every row can be reached from every other.
bool connected(core::Context& ctx, const Graph& graph);

// The eigenvectors of the normalised Laplacian I − D^-½ W D^-½ that follow the constant one, smallest eigenvalue first
// (Belkin, Niyogi: Laplacian eigenmaps, 2003). The graph must be connected, and `count` below rows − 1. out: [rows ×
// count]. A starting place for the layout, so that nearly degenerate vectors need not be told apart to the last digit.
// Only additions, products, quotients and square roots, in one order: the same bits everywhere.
void spectral_init(core::Context& ctx, const Graph& graph, std::size_t count, double* out);

}  // namespace matomari
