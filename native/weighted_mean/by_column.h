#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/buffer.h"
#include "core/context.h"
#include "core/sparse.h"
#include "simd/kernels.h"

namespace matomari {

using core::SparseView;

// The entries of a sparse matrix in blocks of consecutive rows, and within a block by column, rows ascending: a transpose
// for each block, which the threads make side by side. Throws bad_input where the matrix is malformed or holds NaN.
class ByColumn {
 public:
  // Blocks have at most this many rows, unless they would then have fewer than a few entries for each column.
  template <class Index>
  ByColumn(core::Context& ctx, const SparseView<Index>& matrix, std::size_t most_rows);

  std::size_t blocks() const noexcept { return blocks_; }
  std::size_t first_row(std::size_t block) const noexcept { return block * rows_; }
  std::size_t rows(std::size_t block) const noexcept { return std::min(rows_, all_rows_ - first_row(block)); }
  // Column j of a block has the entries from ends(block)[j − 1] to ends(block)[j]. Readable at −1 too.
  const std::size_t* ends(std::size_t block) const noexcept { return ends_.data() + block * (cols_ + 1) + 1; }
  // Rows are counted from the block's first. kAhead more may be read behind the last.
  const simd::WeightedRow* entries() const noexcept { return entries_.data(); }

  static constexpr std::size_t kAhead = simd::kRowsAhead;

 private:
  template <class Index>
  void fill(const core::Context& ctx, const SparseView<Index>& matrix, const std::size_t* starts, std::size_t block);

  std::size_t all_rows_, cols_, rows_, blocks_;
  core::Buffer<std::size_t> ends_;
  core::Buffer<simd::WeightedRow> entries_;
};

}  // namespace matomari
