#pragma once
#include <cstddef>
#include <cstdint>

#include "core/context.h"
#include "core/sparse.h"
#include "simd/kernels.h"

namespace matomari {

// The `count` largest singular values of a matrix, largest first, and its right singular vectors [count × cols], in
// float64. `columns` is the matrix transposed; count is at most its smaller side.
//
// Block Lanczos iteration on AᵀA with full orthogonalisation and thick restarts (Golub, Van Loan: Matrix Computations,
// 10.3; Wu, Simon: Thick-restart Lanczos method for large symmetric eigenvalue problems, 2000), until no vector is left
// with a residual above 1e-6 of its eigenvalue. Every sum is taken in one order: the same bits everywhere.
void right_singular_vectors(core::Context& ctx, const simd::Kernels& k, const core::SparseRows& matrix,
                            const core::SparseRows& columns, std::size_t count, std::uint64_t seed, double* values,
                            double* vectors);

}  // namespace matomari
