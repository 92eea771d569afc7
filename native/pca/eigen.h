#pragma once
#include <cstddef>

#include "core/context.h"

namespace matomari {

// The `count` largest eigenvalues of a symmetric matrix and their unit vectors, largest first. matrix: [n × n], used as
// scratch; values: [count]; vectors: [count × n]. Only additions, products, quotients and square roots, in one order:
// the same bits everywhere.
void largest_eigenpairs(core::Context& ctx, double* matrix, std::size_t n, std::size_t count, double* values,
                        double* vectors);

}  // namespace matomari
