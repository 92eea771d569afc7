#pragma once
#include <cstddef>

#include "core/context.h"
#include "umap/fuzzy_set.h"

namespace matomari {

// Vectors beyond those wanted: they make the wanted ones converge.
inline constexpr std::size_t kFilterGuard = 6;

// The eigenvectors of the largest eigenvalues of M = D^-½ W D^-½ for a connected graph, but for the first, √degree, which is
// known and kept out: Chebyshev-filtered subspace iteration (Zhou, Saad, Tiago, Chelikowsky 2006). For many rows beside
// `count` + kFilterGuard. out: [rows × count].
void filtered_eigenvectors(core::Context& ctx, const Graph& graph, std::size_t count, double* out);

}  // namespace matomari
