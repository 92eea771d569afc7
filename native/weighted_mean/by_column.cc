#include "weighted_mean/by_column.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <utility>

#include "core/parallel.h"

namespace matomari {

namespace {

constexpr std::size_t kFew = 4;         // entries of a column that make a block worth its while
constexpr std::size_t kStep = 1 << 20;  // entries between two looks at the cancel flag

[[noreturn]] void refuse_change() {
  throw core::Error(core::Code::bad_input, "weights was written to while the operation ran");
}

}  // namespace

template <class Index>
ByColumn::ByColumn(core::Context& ctx, const SparseView<Index>& w, std::size_t most_rows) : all_rows_(w.rows), cols_(w.cols) {
  const core::Buffer<std::size_t> starts = core::checked_starts(w, "weights");
  // A row's number within its block has 32 bits.
  const std::size_t least = (w.rows >> 32) + 1, most = std::max(least, w.entries / (kFew * std::max<std::size_t>(1, w.cols)));
  const std::size_t wanted = std::clamp((w.rows + most_rows - 1) / most_rows, least, most);
  rows_ = std::max<std::size_t>(1, (w.rows + wanted - 1) / wanted);
  blocks_ = (w.rows + rows_ - 1) / rows_;
  ends_ = core::Buffer<std::size_t>(blocks_ * (cols_ + 1));
  entries_ = core::Buffer<simd::WeightedRow>(w.entries + kAhead);
  std::fill_n(entries_.data() + w.entries, kAhead, simd::WeightedRow{});

  std::atomic<std::size_t> bad{w.entries};
  core::parallel_for(ctx, blocks_, 1, [&](std::size_t b, std::size_t, unsigned) {
    std::size_t* const count = ends_.data() + b * (cols_ + 1);
    std::fill_n(count, cols_ + 1, std::size_t{0});
    const std::size_t begin = starts[b * rows_], end = starts[std::min(w.rows, (b + 1) * rows_)];
    for (std::size_t e = begin; e < end; ++e) {
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
    fill(ctx, w, starts.data(), b);
  });
  if (bad.load() < w.entries) core::refuse_entry("weights", bad.load(), w.indices[bad.load()], cols_);
}

// Counts become places: the place of column j stands where its end will, and moves there as entries are put in.
template <class Index>
void ByColumn::fill(const core::Context& ctx, const SparseView<Index>& w, const std::size_t* starts, std::size_t block) {
  const std::size_t first = first_row(block), last = first + rows(block), begin = starts[first], end = starts[last];
  std::size_t* const place = ends_.data() + block * (cols_ + 1) + 1;
  place[-1] = begin;
  std::size_t at = begin;
  for (std::size_t j = 0; j < cols_; ++j) at += std::exchange(place[j], at);
  // What another thread of the caller writes meanwhile must not lead outside: no entry is left with a wild row.
  std::fill(entries_.data() + begin, entries_.data() + end, simd::WeightedRow{});
  std::size_t e = begin;
  for (std::size_t i = first; i < last; ++i) {
    if ((i - first) % 65536 == 0) ctx.check();
    const std::size_t stop = starts[i + 1];
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
