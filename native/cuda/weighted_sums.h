#pragma once
#include <cstddef>

#include "cuda/runtime.h"
#include "simd/kernels.h"

// Float64 sums of weighted rows, column by column of the weights, each in row order, as the CPU has them. All pointers are device
// memory; nothing waits.
namespace matomari::cuda {

// Consecutive rows of a block of weights by column (weighted_mean/by_column.h), and the vectors of these rows.
struct WeightedBlock {
  const simd::WeightedRow* entries;
  const std::size_t* ends;   // [columns + 1]: where entries begin, and where those of each column end
  std::size_t base;          // the number that entries[0] has in `ends`
  std::size_t columns;
  std::size_t first, rows;   // of the block's rows
  std::size_t block_rows;    // all that the block has
  const float* vectors;      // [rows × d]
  std::size_t d;
};

// sums[j] += Σ w · vector and totals[j] += Σ w, over the rows in order. sums: [columns × d]; totals: [columns × weighted_strips(d)],
// one for each strip of columns.
void add_weighted(const Session& session, const WeightedBlock& block, double* sums, double* totals);
std::size_t weighted_strips(std::size_t d);

// out[j] = sums[j] / totals[j] rounded once, or zeros where the total is 0.
void weighted_means(const Session& session, const double* sums, const double* totals, std::size_t columns, std::size_t d, float* out);

}  // namespace matomari::cuda
