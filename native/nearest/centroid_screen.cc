// The low-precision screens of CentroidSearch.
#include <algorithm>
#include <cfloat>
#include <cmath>
#include <limits>

#include "nearest/centroid_search.h"

namespace matomari {

// The rows from the first-th on and their extents: where they stand side by side as they are, else gathered or packed.
simd::ScreenRows CentroidSearch::block(const Rows& rows, std::size_t first, std::size_t count, Scratch& s) const {
  const Low& low = *low_;
  const std::size_t start = rows.id(first);
  if (rows.packed && rows.id(first + count - 1) - start == count - 1) {
    for (std::size_t i = 0; i < count; ++i) s.extent[i] = rows.packed->extent(start + i);
    return rows.packed->from(start);
  }
  const RowSource source{rows.points, metric_ == Metric::cosine ? rows.inverse_norm : nullptr, shift_.data()};
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t row = rows.id(first + i);
    float scale;
    if (rows.packed) {
      std::copy_n(rows.packed->groups(row), low.depth, s.block.groups(i));
      scale = rows.packed->scale(row);
      s.extent[i] = rows.packed->extent(row);
    } else {
      if (i + kAhead < count) fetch(rows.points.row(rows.id(first + i + kAhead)));
      s.extent[i] = pack_row(k_, low.k, source, row, s.rows.data(), s.block.groups(i), &scale);
    }
    s.block.put(i, scale, s.extent[i]);
  }
  // A tile shares the error of its worst row: of those that fill the last one it must not be what a row of before had.
  for (std::size_t i = count; i % low.k.row_tile != 0; ++i) s.block.put(i, 0, {});
  return s.block.view();
}

void CentroidSearch::screen_low(const core::Context& ctx, const Rows& rows, std::size_t begin, std::size_t end,
                                std::int32_t* labels, Margins margins, Scratch& s) const {
  const Low& low = *low_;
  for (std::size_t first = begin; first < end; first += kBlock) {
    const std::size_t count = std::min(kBlock, end - first);
    const std::size_t padded = (count + low.k.row_tile - 1) / low.k.row_tile * low.k.row_tile;
    const simd::ScreenRows packed = block(rows, first, count, s);
    reset(s, padded);
    for (std::size_t p = 0; p < low.panel_count; ++p) {
      ctx.check();
      low.k.low_best(packed, padded, low.panels.panel(p), slots_.of_panel(s.slots.data(), p));
    }
    reduce(s, count);
    TileShare tile;
    bool bounded = false;
    s.doubtful.clear();
    for (std::size_t i = 0; i < count; ++i) {
      const simd::Least& f = s.least[i];
      const Extent& x = s.extent[i];
      if (i % low.k.row_tile == 0) {
        tile = TileShare(packed, i, low.k.row_tile);
        bounded = low.bound(tile.worst(), low.widest, low.highest) < 1e37;
      }
      const std::size_t j = slots_.column(f.best, static_cast<std::size_t>(f.at));
      Scratch::Doubtful row{i, j, std::numeric_limits<double>::infinity(), tile.beyond(packed, i)};
      // The true score of the best is at most high, every other one is no lower than next.
      if (bounded) {
        const Extent& e = low.panels.extent(j);
        row.high = slots_.untagged(f.best).high + (1 + 0x1p-20) * row.excess.of(e, low.bound) + low.bound.width(x, e, low.panels.offset(j));
      }
      const double next = slots_.untagged(f.second).low - others_of(row, x);
      if (next > row.high) {
        labels[rows.id(first + i)] = static_cast<std::int32_t>(j);
        note(margins, rows.id(first + i), square_above(x, row.high), square_below(x, next));
      } else {
        s.doubtful.push_back(row);
      }
    }
    s.doubt.rows += s.doubtful.size();
    for (std::size_t n = 0; n < s.doubtful.size(); ++n) {
      if (n + kAhead < s.doubtful.size()) {
        const Scratch::Doubtful& next = s.doubtful[n + kAhead];
        fetch(rows.points.row(rows.id(first + next.row)));
        fetch(narrow(std::min(next.best, clusters_ - 1)));
      }
      const Scratch::Doubtful& row = s.doubtful[n];
      Scratch::Open& open = push(s.ready, s.readied);
      open.row = rows.id(first + row.row);
      if (look_closer(rows, row, labels, margins, open, s)) {
        if (open.candidates.size() == 1) --s.readied;
        continue;
      }
      hand_on(s.ready, s.readied, s.pending, s.waiting);
    }
    if (s.readied >= kRecheck) decide(rows, labels, margins, s);
    while (s.waiting >= kRecheck) recheck(ctx, rows, labels, margins, s);
  }
}

// How far below what the kernel gives the true score of any centroid may lie.
double CentroidSearch::others_of(const Scratch::Doubtful& row, const Extent& x) const noexcept {
  return low_->bound.of_row(x) - row.excess.of(low_->least, low_->bound);
}

// Scores a row of the block, which the screen has left in doubt, against the best centroid in float32. That halves the reach of the
// others: of many rows none is left, of most a few, which are scored likewise. True where the row is settled, by its only candidate, or
// left to float64; false where nothing is known of it or very many are left.
bool CentroidSearch::look_closer(const Rows& rows, const Scratch::Doubtful& row, std::int32_t* labels, Margins margins, Scratch::Open& open, Scratch& s) const {
  open.limit = row.high;
  if (std::isinf(open.limit)) return false;
  open.extent = pack_float(rows, open.row, s.row.data());
  open.candidates.push_back({static_cast<std::int32_t>(row.best), -DBL_MAX});
  sharpen(open, 1, s);
  if (open.candidates.empty()) return false;  // only when the caller has written to the row since it was screened
  const Extent& x = s.extent[row.row];
  const double here = low_->bound.of_row(x), others = others_of(row, x);
  double beyond = slots_.untagged(s.least[row.row].second).low - others;
  if (!(beyond > open.limit)) {
    const Scratch::Candidate best = open.candidates.front();
    open.candidates.clear();
    const auto lowest = [&](std::size_t j, Slots::Between score) { return score.low + row.excess.of(low_->panels.extent(j), low_->bound) - here; };
    if (!gather(s, row.row, others, lowest, open)) return false;
    std::erase_if(open.candidates, [&](const Scratch::Candidate& c) { return c.index == best.index; });
    open.candidates.push_back(best);
    beyond = sharpen(open, open.candidates.size() - 1, s);
  }
  if (open.candidates.size() == 1) {
    labels[open.row] = open.candidates.front().index;
    note(margins, open.row, square_above(open.extent, open.limit), square_below(open.extent, beyond));
  }
  return true;
}

}  // namespace matomari
