#include "weighted_mean/by_column.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <string>
#include <utility>

#include "core/parallel.h"

namespace matomari {

namespace {

constexpr std::size_t kFew = 4;         // entries of a column that make a block worth its while
constexpr std::size_t kStep = 1 << 20;  // entries between two looks at the cancel flag

[[noreturn]] void refuse(const std::string& what) { throw core::Error(core::Code::bad_input, what); }
[[noreturn]] void refuse_change() { refuse("weights was written to while the operation ran"); }

template <class Index>
void check_indptr(const SparseView<Index>& w) {
  if (w.indptr[0] != 0) refuse("weights.indptr must begin with 0, not " + std::to_string(w.indptr[0]));
  for (std::size_t i = 0; i < w.rows; ++i)
    if (w.indptr[i + 1] < w.indptr[i] || static_cast<std::uint64_t>(w.indptr[i + 1]) > w.entries)
      refuse("weights.indptr must not fall nor pass the " + std::to_string(w.entries) + " entries, but row " +
             std::to_string(i) + " goes from " + std::to_string(w.indptr[i]) + " to " + std::to_string(w.indptr[i + 1]));
  if (static_cast<std::uint64_t>(w.indptr[w.rows]) != w.entries)
    refuse("weights.indptr ends with " + std::to_string(w.indptr[w.rows]) + ", but there are " +
           std::to_string(w.entries) + " entries");
}

template <class Index>
[[noreturn]] void refuse_entry(const SparseView<Index>& w, std::size_t e) {
  const std::string place = "[" + std::to_string(e) + "] is ";
  if (const std::int32_t j = w.indices[e]; j < 0 || static_cast<std::size_t>(j) >= w.cols)
    refuse("weights.indices" + place + std::to_string(j) + ", but there are " + std::to_string(w.cols) + " columns");
  refuse("weights.data" + place + "not a finite number");
}

}  // namespace

template <class Index>
ByColumn::ByColumn(core::Context& ctx, const SparseView<Index>& w, std::size_t most_rows) : all_rows_(w.rows), cols_(w.cols) {
  check_indptr(w);
  // A row's number within its block has 32 bits.
  const std::size_t least = (w.rows >> 32) + 1, most = std::max(least, w.entries / (kFew * std::max<std::size_t>(1, w.cols)));
  const std::size_t wanted = std::clamp((w.rows + most_rows - 1) / most_rows, least, most);
  rows_ = std::max<std::size_t>(1, (w.rows + wanted - 1) / wanted);
  blocks_ = (w.rows + rows_ - 1) / rows_;
  ends_ = core::Buffer<std::size_t>(blocks_ * (cols_ + 1));
  entries_ = core::Buffer<simd::WeightedRow>(w.entries + kAhead);
  std::fill_n(entries_.data() + w.entries, kAhead, simd::WeightedRow{});

  // Where each block's entries lie. The pointers are read once more than they are checked, and may have been written to.
  core::Buffer<std::size_t> bounds(blocks_ + 1, 0);
  for (std::size_t b = 1; b <= blocks_; ++b)
    bounds[b] = b == blocks_ ? w.entries
                             : std::clamp(static_cast<std::size_t>(w.indptr[b * rows_]), bounds[b - 1], w.entries);
  std::atomic<std::size_t> bad{w.entries};
  core::parallel_for(ctx, blocks_, 1, [&](std::size_t b, std::size_t, unsigned) {
    std::size_t* const count = ends_.data() + b * (cols_ + 1);
    std::fill_n(count, cols_ + 1, std::size_t{0});
    for (std::size_t e = bounds[b]; e < bounds[b + 1]; ++e) {
      if (e % kStep == 0) ctx.check();
      const auto j = static_cast<std::size_t>(w.indices[e]);  // negative ones become too large
      if (j < cols_ && std::isfinite(w.data[e])) {
        ++count[j + 1];
        continue;
      }
      for (std::size_t seen = bad.load(); e < seen && !bad.compare_exchange_weak(seen, e);) {
      }
      return;
    }
    fill(ctx, w, b, bounds[b], bounds[b + 1]);
  });
  if (bad.load() < w.entries) refuse_entry(w, bad.load());
}

// Counts become places: the place of column j stands where its end will, and moves there as entries are put in.
template <class Index>
void ByColumn::fill(const core::Context& ctx, const SparseView<Index>& w, std::size_t block, std::size_t begin, std::size_t end) {
  std::size_t* const place = ends_.data() + block * (cols_ + 1) + 1;
  place[-1] = begin;
  std::size_t at = begin;
  for (std::size_t j = 0; j < cols_; ++j) at += std::exchange(place[j], at);
  // What another thread of the caller writes meanwhile must not lead outside: no entry is left with a wild row.
  std::fill(entries_.data() + begin, entries_.data() + end, simd::WeightedRow{});
  const std::size_t first = first_row(block), last = first + rows(block);
  std::size_t e = begin;
  for (std::size_t i = first; i < last; ++i) {
    if ((i - first) % 65536 == 0) ctx.check();
    const std::size_t stop = std::min(end, static_cast<std::size_t>(w.indptr[i + 1]));
    const auto row = static_cast<std::uint32_t>(i - first);
    for (; e < stop; ++e) {
      const auto j = static_cast<std::size_t>(w.indices[e]);
      if (j >= cols_ || place[j] >= end) refuse_change();
      entries_[place[j]++] = {row, w.data[e]};
    }
  }
}

template ByColumn::ByColumn(core::Context&, const SparseView<std::int32_t>&, std::size_t);
template ByColumn::ByColumn(core::Context&, const SparseView<std::int64_t>&, std::size_t);

}  // namespace matomari
