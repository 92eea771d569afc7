#pragma once
#include <cstddef>
#include <cstdint>

#include "core/buffer.h"
#include "core/context.h"

namespace matomari {

// A weighted graph in CSR, columns ascending within a row.
struct Graph {
  std::size_t rows = 0;
  core::Buffer<std::int64_t> indptr;   // [rows + 1]
  core::Buffer<std::int32_t> indices;  // [indptr[rows]]
  core::Buffer<float> weights;         // [indptr[rows]]
};

// How much neighbour j of row i belongs to it: exp(−(d − rho) / sigma), 1 within rho. `self`: a row's own index counts
// for nothing. indices, distances, strength: [rows × k].
void membership_strengths(core::Context& ctx, const std::int32_t* indices, const float* distances, std::size_t rows,
                          std::size_t k, const float* sigma, const float* rho, bool self, float* strength);

// The fuzzy union of all rows' memberships, ratio · (w + w' − w·w') + (1 − ratio) · w·w' of the two directions:
// umap-learn's fuzzy_simplicial_set. Symmetric, without zeros.
Graph fuzzy_set(core::Context& ctx, const std::int32_t* indices, const float* strength, std::size_t rows, std::size_t k,
                double ratio);

}  // namespace matomari
