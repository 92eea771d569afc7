// The low-precision screens of CentroidSearch.
#include <algorithm>
#include <bit>
#include <cfloat>
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
    for (std::size_t i = 0; i < count; ++i) {
      const simd::Least& f = s.least[i];
      const Extent& x = s.extent[i];
      const std::size_t row = rows.id(first + i);
      if (i % low.k.row_tile == 0) {
        tile = TileShare(packed, i, low.k.row_tile);
        bounded = low.bound(tile.worst(), low.widest, low.highest) < 1e37;
      }
      const TileShare excess = tile.beyond(packed, i);
      const double here = low.bound.of_row(x);
      const auto interval = [&](std::size_t c, Slots::Between score) {
        const Extent& e = low.panels.extent(c);
        const double more = excess.of(e, low.bound);
        return std::pair{score.low + more - here, score.high + (1 + 0x1p-20) * more + low.bound.width(x, e, low.panels.offset(c))};
      };
      // The true score of the best is at most high, every other one is no lower than next.
      const std::size_t j = slots_.column(f.best, static_cast<std::size_t>(f.at));
      const double high = bounded ? interval(j, slots_.untagged(f.best)).second : std::numeric_limits<double>::infinity();
      const double others = here - excess.of(low.least, low.bound), next = slots_.untagged(f.second).low - others;
      if (next > high) {
        labels[row] = static_cast<std::int32_t>(j);
        note(margins, row, square_above(x, high), square_below(x, next));
        continue;
      }
      ++s.doubt.rows;
      Scratch::Open& open = push(s.ready, s.readied);
      open.row = row;
      open.limit = high;
      open.sharp = false;
      open.extent = x;
      if (bounded && gather(s, i, others, interval, open)) continue;
      hand_on(s.ready, s.readied, s.open, s.opened);
      std::copy_n(packed.groups + i * packed.ld, low.depth, s.open_block.groups(s.opened - 1));
      s.open_block.put(s.opened - 1, packed.scale[i], x);
      if (s.opened == kRecheck) narrow(ctx, rows, labels, margins, s);
    }
    if (s.readied >= kRecheck) decide(rows, labels, margins, s);
  }
  if (s.opened > 0) narrow(ctx, rows, labels, margins, s);
}

// Scores the open rows once more and keeps what could still win: a few candidates go to float64, very many to the float32
// screen.
void CentroidSearch::narrow(const core::Context& ctx, const Rows& rows, std::int32_t* labels, Margins margins,
                            Scratch& s) const {
  const Low& low = *low_;
  const std::size_t count = s.opened;
  s.doubt.again += count;
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
        const double high = score + here[i] + low.bound.width(open.extent, low.panels.extent(j), low.panels.offset(j));
        if (!(high < open.limit)) continue;
        open.limit = high;
        s.limits[i] = at_least(high + here[i]);
      }
    }
  }
  while (s.opened > 0) {
    Scratch::Open& open = s.open[s.opened - 1];
    std::erase_if(open.candidates, [&](const Scratch::Candidate& c) { return c.low > open.limit; });
    const bool few = open.limit < 1e37 && open.candidates.size() <= kFew;
    hand_on(s.open, s.opened, few ? s.ready : s.pending, few ? s.readied : s.waiting);
  }
  if (s.readied >= kRecheck) decide(rows, labels, margins, s);
  while (s.waiting >= kRecheck) recheck(ctx, rows, labels, margins, s);
}

}  // namespace matomari
