#pragma once
#include <cstddef>
#include <cstdint>

#include "core/buffer.h"
#include "core/context.h"

namespace matomari::core {

// A sparse matrix in CSR that somebody else owns. Index is int32 or int64.
template <class Index>
struct SparseView {
  const Index* indptr;
  const std::int32_t* indices;
  const float* data;
  std::size_t rows, cols, entries;
};

// A sparse matrix of our own: row i holds the entries start[i] to start[i + 1].
struct SparseRows {
  std::size_t rows, cols;
  Buffer<std::size_t> start;    // [rows + 1]
  Buffer<std::int32_t> index;   // [entries], below cols
  Buffer<float> value;          // [entries], finite

  std::size_t count(std::size_t i) const noexcept { return start[i + 1] - start[i]; }
};

// Its row pointers, checked while they are copied: from 0 to the number of entries, never falling. Throws bad_input.
template <class Index>
Buffer<std::size_t> checked_starts(const SparseView<Index>& m, const char* name);
// Throws bad_input that says what is wrong with an entry whose column is not there or whose value is not finite.
[[noreturn]] void refuse_entry(const char* name, std::size_t entry, std::int32_t column, std::size_t cols);

// A copy, checked while it is made, so that a caller who writes to the arrays meanwhile does no harm. Throws bad_input
// that names the entry where the matrix is malformed or holds NaN or infinity.
template <class Index>
SparseRows checked_copy(Context& ctx, const SparseView<Index>& m, const char* name);

// The transpose; entries of a column keep the order of their rows. At most 2^31 − 1 rows.
SparseRows transposed(Context& ctx, const SparseRows& m);

}  // namespace matomari::core
