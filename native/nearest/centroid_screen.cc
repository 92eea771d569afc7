// The low-precision screens of CentroidSearch.
#include <algorithm>
#include <bit>
#include <cfloat>
#include <limits>

#include "nearest/centroid_search.h"

namespace matomari {

std::size_t CentroidSearch::screen_low(const core::Context& ctx, const Rows& rows, std::size_t begin, std::size_t end,
                                       std::int32_t* labels, Margins margins, Scratch& s) const {
  const Low& low = *low_;
  const RowSource source{rows.points, metric_ == Metric::cosine ? rows.inverse_norm : nullptr, shift_.data()};
  std::size_t rechecked = 0;
  for (std::size_t first = begin; first < end; first += kBlock) {
    const std::size_t count = std::min(kBlock, end - first);
    const std::size_t padded = (count + low.k.row_tile - 1) / low.k.row_tile * low.k.row_tile;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t row = rows.id(first + i);
      float scale;
      if (rows.packed) {
        std::copy_n(rows.packed->groups(row), low.depth, s.block.groups(i));
        scale = rows.packed->scale(row);
        s.extent[i] = rows.packed->extent(row);
      } else {
        s.extent[i] = pack_row(k_, low.k, source, row, s.rows.data(), s.block.groups(i), &scale);
      }
      s.block.put(i, scale, s.extent[i]);
    }
    reset(s, padded);
    for (std::size_t p = 0; p < low.panel_count; ++p) {
      ctx.check();
      low.k.low_best(s.block.view(), padded, low.panels.panel(p), static_cast<std::int32_t>(p * low.k.panel),
                     {s.best.data(), s.second.data(), s.index.data()});
    }
    for (std::size_t i = 0; i < count; ++i) {
      const Found f = reduce(s, i);
      const Extent& x = s.extent[i];
      const std::size_t row = rows.id(first + i);
      const auto j = static_cast<std::size_t>(f.index);
      const bool bounded = low.bound(x, low.widest, low.highest) < 1e37;
      // The true score of the best lies between low and high, every other one is no lower than next.
      const double here = low.bound.of_row(x);
      const double high = bounded ? static_cast<double>(f.best) + 2 * low.bound(x, low.panels.extent(j), low.panels.offset(j))
                                  : std::numeric_limits<double>::infinity();
      const double next = static_cast<double>(f.second) - here;
      if (next > high) {
        labels[row] = f.index;
        note(margins, row, square_above(x, high), square_below(x, next));
        continue;
      }
      std::copy_n(s.block.groups(i), low.depth, s.open_block.groups(s.opened));
      s.open_block.put(s.opened, s.block.scale(i), x);
      Scratch::Open& open = push(s.open, s.opened);
      open.row = row;
      open.extent = x;
      open.limit = high;
      ++rechecked;
      if (s.opened == kRecheck) narrow(ctx, rows, labels, margins, s);
    }
  }
  if (s.opened > 0) narrow(ctx, rows, labels, margins, s);
  return rechecked;
}

// Scores the open rows once more and keeps what could still win: a few candidates go to float64, many to the float32
// screen.
void CentroidSearch::narrow(const core::Context& ctx, const Rows& rows, std::int32_t* labels, Margins margins,
                            Scratch& s) const {
  const Low& low = *low_;
  const std::size_t count = s.opened;
  const std::size_t padded = (count + low.k.row_tile - 1) / low.k.row_tile * low.k.row_tile;
  double here[kRecheck];
  for (std::size_t i = 0; i < count; ++i) {
    here[i] = low.bound.of_row(s.open[i].extent);
    s.limits[i] = at_least(s.open[i].limit + here[i]);
  }
  for (std::size_t i = count; i < padded; ++i) s.limits[i] = -FLT_MAX;
  for (std::size_t p = 0; p < low.panel_count; ++p) {
    ctx.check();
    const simd::ScreenPanel panel = low.panels.panel(p);
    low.k.low_below(s.open_block.view(), padded, panel, s.limits.data(), s.stored.data(), s.hits.data());
    const std::size_t columns = std::min(panel.width, clusters_ - p * low.k.panel);
    for (std::size_t i = 0; i < count; ++i) {
      Scratch::Open& open = s.open[i];
      for (std::uint64_t hits = s.hits[i] & (~std::uint64_t{0} >> (64 - columns)); hits != 0; hits &= hits - 1) {
        const auto c = static_cast<std::size_t>(std::countr_zero(hits));
        const std::size_t j = p * low.k.panel + c;
        const double score = static_cast<double>(s.stored[i * panel.width + c]) - here[i];
        if (score > open.limit) continue;
        open.candidates.push_back({static_cast<std::int32_t>(j), score});
        const double high = score + here[i] + 2 * low.bound(open.extent, low.panels.extent(j), low.panels.offset(j));
        if (!(high < open.limit)) continue;
        open.limit = high;
        s.limits[i] = at_least(high + here[i]);
      }
    }
  }
  std::size_t few = 0;
  for (std::size_t i = 0; i < count; ++i) {
    Scratch::Open& open = s.open[i];
    std::erase_if(open.candidates, [&](const Scratch::Candidate& c) { return c.low > open.limit; });
    if (open.limit < 1e37 && open.candidates.size() <= kFew) {
      std::swap(s.open[few++], open);
      continue;
    }
    Scratch::Open& pending = push(s.pending, s.waiting);
    pending.row = open.row;
    pending.limit = open.limit;
  }
  decide(rows, s.open.data(), few, labels, margins, s);
  s.opened = 0;
  while (s.waiting >= kRecheck) recheck(ctx, rows, labels, margins, s);
}

}  // namespace matomari
