#include "kmeans/rivals.h"

#include <algorithm>
#include <bit>
#include <cfloat>
#include <cmath>

namespace matomari {

Rivals::Rivals(Metric metric, std::size_t clusters, std::size_t d, const PackedRows& first, const RowLayers& second)
    : k_(first.kernels()), bound_(k_, metric, d), clusters_(clusters), d_(d), first_(first), second_(second),
      centroids_(k_, metric, clusters, d) {}

void Rivals::set(core::Context& ctx, const double* centroids, const float* shift, const ScreenPanels& panels) {
  centroids_.set(ctx, centroids, shift);
  panels_ = &panels;
}

Rivals::Scratch::Scratch(const Rivals& r)
    : block(kBlock, (r.d_ + 3) / 4), row(kBlock), own(kBlock, 0),
      limit(kBlock), least(kBlock * r.k_.lanes), hidden(kBlock * r.k_.lanes, 0.0f), hits(kBlock) {}

// The rows side by side.
simd::ScreenRows Rivals::gather(const std::uint32_t* ids, std::size_t count, Scratch& s) const {
  if (ids[count - 1] - ids[0] == count - 1) return first_.from(ids[0]);
  for (std::size_t i = 0; i < count; ++i) {
    std::copy_n(first_.groups(ids[i]), (d_ + 3) / 4, s.block.groups(i));
    s.block.put(i, first_.scale(ids[i]), first_.extent(ids[i]));
  }
  return s.block.view();
}

// For rows that no centroid has yet: of the first panel, the one that is nearest in int8.
void Rivals::guess(const simd::ScreenRows& rows, std::size_t padded, Scratch& s) const {
  constexpr int kTag = 3;  // the lowest two bits tell which vector of the panel it is
  k_.low_best(rows, padded, panels_->panel(0), {s.hidden.data(), s.least.data(), k_.lanes, ~kTag, 0, true});
  for (std::size_t i = 0; i < padded; ++i) {
    const float* const lanes = s.least.data() + i * k_.lanes;
    const float* const lowest = std::min_element(lanes, lanes + k_.lanes);
    const std::size_t vector = std::bit_cast<std::uint32_t>(*lowest) & kTag;
    // Where no score is a number, or none is below it, padding is the best.
    s.own[i] = static_cast<std::int32_t>(std::min(vector * k_.lanes + static_cast<std::size_t>(lowest - lanes), clusters_ - 1));
  }
}

// The score of the centroid that has each row.
void Rivals::begin(const std::uint32_t* ids, std::size_t count, Scratch& s) const {
  constexpr std::size_t kAhead = 12;  // rows whose second layers are fetched before they are wanted
  const auto fetch = [&](std::size_t i) {
    const std::uint32_t* const second = second_.second(ids[std::min(i, count - 1)]);
    for (std::size_t l = 0; l < (d_ + 3) / 4; l += 16) __builtin_prefetch(second + l);
  };
  for (std::size_t i = 0; i < kAhead; ++i) fetch(i);
  for (std::size_t i = 0; i < count; ++i) {
    fetch(i + kAhead);
    const std::size_t row = ids[i];
    Scratch::Row& r = s.row[i];
    r.x = {first_.groups(row), second_.second(row), first_.scale(row), {first_.extent(row).norm, second_.error(row)}};
    r.here = bound_.of_row(first_.extent(row));
    r.beaten = DBL_MAX;
    const CentroidLayers::Interval own = centroids_.score(r.x, static_cast<std::size_t>(s.own[i]));
    r.low = own.low;
    r.high = own.high;
    // Not without a bound, nor where a row is out of the ordinary (pack_row).
    r.settled = r.high < 1e37 && first_.extent(row).error < 1e18;
    s.limit[i] = r.settled ? at_least(r.high + r.here) : -FLT_MAX;
  }
}

// Centroid j against the nearest so far of row i.
void Rivals::measure(std::size_t i, std::size_t j, Scratch& s) const {
  Scratch::Row& r = s.row[i];
  const CentroidLayers::Interval score = centroids_.score(r.x, j);
  if (score.low > r.high) {
    r.beaten = std::min(r.beaten, score.low);
  } else if (score.high < r.low) {
    r.beaten = std::min(r.beaten, r.low);
    r.low = score.low;
    r.high = score.high;
    s.own[i] = static_cast<std::int32_t>(j);
    s.limit[i] = at_least(r.high + r.here);
  } else {
    r.settled = false;
    s.limit[i] = -FLT_MAX;
  }
}

void Rivals::assign(const core::Context& ctx, const std::vector<std::uint32_t>& ids, const std::int32_t* previous, std::int32_t* labels,
                    LabelBounds& bounds, Scratch& s, std::vector<std::uint32_t>& open) const {
  for (std::size_t at = 0; at < ids.size(); at += kBlock) {
    const std::uint32_t* const some = ids.data() + at;
    const std::size_t count = std::min(kBlock, ids.size() - at);
    const std::size_t padded = (count + k_.row_tile - 1) / k_.row_tile * k_.row_tile;
    const simd::ScreenRows rows = gather(some, count, s);
    for (std::size_t i = 0; i < count; ++i) s.own[i] = previous[some[i]];
    if (*std::min_element(s.own.data(), s.own.data() + count) < 0) guess(rows, padded, s);
    begin(some, count, s);
    std::fill(s.limit.data() + count, s.limit.data() + padded, -FLT_MAX);
    std::fill_n(s.least.data(), padded * k_.lanes, FLT_MAX);
    for (std::size_t first = 0; first < clusters_; first += k_.panel) {
      ctx.check();
      const simd::ScreenPanel panel = panels_->panel(first / k_.panel);
      k_.low_rivals(rows, padded, panel, static_cast<std::int32_t>(first), s.own.data(), s.limit.data(), s.least.data(), s.hits.data());
      const std::uint64_t columns = ~std::uint64_t{0} >> (64 - std::min(k_.panel, clusters_ - first));
      for (std::size_t i = 0; i < count; ++i)
        for (std::uint64_t hits = s.hits[i] & columns; hits != 0 && s.row[i].settled; hits &= hits - 1)
          measure(i, first + static_cast<std::size_t>(std::countr_zero(hits)), s);
    }
    for (std::size_t i = 0; i < count; ++i) {
      const Scratch::Row& r = s.row[i];
      const std::uint32_t row = some[i];
      if (!r.settled) {
        open.push_back(row);
        continue;
      }
      labels[row] = s.own[i];
      float least = FLT_MAX;
      for (std::size_t v = 0; v < k_.lanes; ++v) least = std::min(least, s.least[i * k_.lanes + v]);
      bounds.note(row, first_.extent(row), r.high, std::min(r.beaten, static_cast<double>(least) - r.here));
    }
  }
}

}  // namespace matomari
