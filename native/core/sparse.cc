#include "core/sparse.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace matomari::core {

namespace {

[[noreturn]] void refuse(const char* name, const std::string& what) {
  throw Error(Code::bad_input, name + what);
}

constexpr std::size_t kBetweenChecks = 1 << 20;

}  // namespace

template <class Index>
Buffer<std::size_t> checked_starts(const SparseView<Index>& m, const char* name) {
  Buffer<std::size_t> start(m.rows + 1);
  for (std::size_t i = 0; i <= m.rows; ++i) {
    const Index at = m.indptr[i];
    if (i == 0 && at != 0) refuse(name, ".indptr must begin with 0, not " + std::to_string(at));
    if (at < 0 || static_cast<std::uint64_t>(at) > m.entries || (i > 0 && static_cast<std::size_t>(at) < start[i - 1]))
      refuse(name, ".indptr must not fall nor pass the " + std::to_string(m.entries) + " entries, but row " +
                       std::to_string(i - 1) + " goes from " + std::to_string(start[i - 1]) + " to " + std::to_string(at));
    start[i] = static_cast<std::size_t>(at);
  }
  if (start[m.rows] != m.entries)
    refuse(name, ".indptr ends with " + std::to_string(start[m.rows]) + ", but there are " + std::to_string(m.entries) + " entries");
  return start;
}

void refuse_entry(const char* name, std::size_t entry, std::int32_t column, std::size_t cols) {
  const std::string place = "[" + std::to_string(entry) + "] is ";
  if (column < 0 || static_cast<std::size_t>(column) >= cols)
    refuse(name, ".indices" + place + std::to_string(column) + ", but there are " + std::to_string(cols) + " columns");
  refuse(name, ".data" + place + "not a finite number");
}

template <class Index>
SparseRows checked_copy(Context& ctx, const SparseView<Index>& m, const char* name) {
  SparseRows out{m.rows, m.cols, checked_starts(m, name), Buffer<std::int32_t>(m.entries), Buffer<float>(m.entries)};
  for (std::size_t e = 0; e < m.entries; ++e) {
    if (e % kBetweenChecks == 0) ctx.check();
    out.index[e] = m.indices[e];
    out.value[e] = m.data[e];
    if (out.index[e] < 0 || static_cast<std::size_t>(out.index[e]) >= m.cols || !std::isfinite(out.value[e]))
      refuse_entry(name, e, out.index[e], m.cols);
  }
  return out;
}

template Buffer<std::size_t> checked_starts(const SparseView<std::int32_t>&, const char*);
template Buffer<std::size_t> checked_starts(const SparseView<std::int64_t>&, const char*);
template SparseRows checked_copy(Context&, const SparseView<std::int32_t>&, const char*);
template SparseRows checked_copy(Context&, const SparseView<std::int64_t>&, const char*);

SparseRows transposed(Context& ctx, const SparseRows& m) {
  const std::size_t entries = m.start[m.rows];
  SparseRows out{m.cols, m.rows, Buffer<std::size_t>(m.cols + 1, 0), Buffer<std::int32_t>(entries), Buffer<float>(entries)};
  for (std::size_t e = 0; e < entries; ++e) ++out.start[static_cast<std::size_t>(m.index[e]) + 1];
  for (std::size_t j = 0; j < m.cols; ++j) out.start[j + 1] += out.start[j];
  Buffer<std::size_t> next(m.cols);
  std::copy_n(out.start.data(), m.cols, next.data());
  for (std::size_t i = 0; i < m.rows; ++i) {
    if (i % 65536 == 0) ctx.check();
    for (std::size_t e = m.start[i]; e < m.start[i + 1]; ++e) {
      const std::size_t to = next[static_cast<std::size_t>(m.index[e])]++;
      out.index[to] = static_cast<std::int32_t>(i);
      out.value[to] = m.value[e];
    }
  }
  return out;
}

}  // namespace matomari::core
