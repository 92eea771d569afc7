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
      low.k.low_best(packed, padded, low.panels.panel(p), static_cast<std::int32_t>(p * low.k.panel), set_of(s, p));
    }
    reduce(s, count);
    s.doubtful.clear();
    for (std::size_t i = 0; i < count; ++i) {
      const simd::Least& f = s.least[i];
      const Extent& x = s.extent[i];
      // The true score of the best lies between low and high, every other one is no lower than next.
      const double high = highest_of(f, x), next = static_cast<double>(f.second) - low.bound.of_row(x);
      if (next > high) {
        labels[rows.id(first + i)] = f.index;
        note(margins, rows.id(first + i), square_above(x, high), square_below(x, next));
      } else {
        s.doubtful.push_back(static_cast<std::uint32_t>(i));
      }
    }
    s.doubt.rows += s.doubtful.size();
    for (std::size_t n = 0; n < s.doubtful.size(); ++n) {
      if (n + kAhead < s.doubtful.size()) {
        const std::size_t next = s.doubtful[n + kAhead];
        fetch(rows.points.row(rows.id(first + next)));
        fetch(narrow(static_cast<std::size_t>(s.least[next].index)));
      }
      const std::size_t i = s.doubtful[n];
      Scratch::Open& open = push(s.ready, s.readied);
      open.row = rows.id(first + i);
      if (look_closer(rows, i, labels, margins, open, s)) {
        if (open.candidates.size() == 1) --s.readied;
        continue;
      }
      hand_on(s.ready, s.readied, s.pending, s.waiting);
    }
    if (s.readied >= kRecheck) decide(rows, labels, margins, s);
    while (s.waiting >= kRecheck) recheck(ctx, rows, labels, margins, s);
  }
}

// At most this is the true score of the best centroid that a screen has found; infinite where nothing is known.
double CentroidSearch::highest_of(const simd::Least& found, const Extent& x) const noexcept {
  const Low& low = *low_;
  if (!(low.bound(x, low.widest, low.highest) < 1e37)) return std::numeric_limits<double>::infinity();
  const auto j = static_cast<std::size_t>(found.index);
  return static_cast<double>(found.best) + low.bound.width(x, low.panels.extent(j), low.panels.offset(j));
}

// Scores row i of the block, which the screen has left in doubt, against the best centroid in float32. That halves the reach of the
// others: of many rows none is left, of most a few, which are scored likewise. True where the row is settled, by its only candidate, or
// left to float64; false where nothing is known of it or very many are left.
bool CentroidSearch::look_closer(const Rows& rows, std::size_t i, std::int32_t* labels, Margins margins, Scratch::Open& open, Scratch& s) const {
  const simd::Least& f = s.least[i];
  open.limit = highest_of(f, s.extent[i]);
  if (std::isinf(open.limit)) return false;
  open.extent = pack_float(rows, open.row, s.row.data());
  open.candidates.push_back({f.index, -DBL_MAX});
  sharpen(open, 1, s);
  if (open.candidates.empty()) return false;  // only when the caller has written to the row since it was screened
  const double here = low_->bound.of_row(s.extent[i]);
  double beyond = static_cast<double>(f.second) - here;
  if (!(beyond > open.limit)) {
    const Scratch::Candidate best = open.candidates.front();
    open.candidates.clear();
    if (!gather(s, i, here, [&](std::size_t, double score) { return score - here; }, open)) return false;
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
