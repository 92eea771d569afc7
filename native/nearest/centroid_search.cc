#include "nearest/centroid_search.h"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <limits>
#include <utility>

#include "core/parallel.h"

namespace matomari {

using core::ConstMatrix;

CentroidSearch::CentroidSearch(const simd::Kernels& k, Metric metric, std::size_t clusters, std::size_t d,
                               const float* shift, simd::Screen screen)
    : k_(k), metric_(metric), clusters_(clusters), d_(d), shift_(d, 0.0f), bound_(k, metric, d), panels_(k, clusters, d),
      panel_count_((clusters + k.panel - 1) / k.panel), few_(std::max<std::size_t>(48, clusters / 32)),
      narrow_(clusters * leading(d), 0.0f) {
  if (shift && metric != Metric::dot) std::copy_n(shift, d, shift_.data());
  const simd::ScreenKernels* low = simd::screen_kernels(screen, k.level);
  // Longer int8 products could overflow 32 bits.
  if (low && d <= 65536) low_ = std::make_unique<Low>(*low, metric, clusters, d);
  slots_ = low_ ? Slots(low_->panel_count, low_->k.panel, k.lanes) : Slots(panel_count_, k.panel, k.lanes);
}

void CentroidSearch::set(core::Context& ctx, const double* centroids) {
  exact_centroids_ = nullptr;
  centroids_ = centroids;
  refill(ctx);
}

void CentroidSearch::set(core::Context& ctx, ConstMatrix centroids) {
  if (wide_.size() == 0) wide_ = core::Buffer<double>(clusters_ * d_);
  std::copy_n(centroids.data, clusters_ * d_, wide_.data());
  centroids_ = wide_.data();
  exact_centroids_ = metric_ == Metric::cosine ? nullptr : centroids.data;
  refill(ctx);
}

void CentroidSearch::refill(core::Context& ctx) {
  if (metric_ == Metric::cosine) {
    if (wide_.size() == 0) wide_ = core::Buffer<double>(clusters_ * d_);
    for (std::size_t j = 0; j < clusters_; ++j) {
      double square = 0;
      for (std::size_t l = 0; l < d_; ++l) square += centroids_[j * d_ + l] * centroids_[j * d_ + l];
      const double norm = std::sqrt(square);
      for (std::size_t l = 0; l < d_; ++l) wide_[j * d_ + l] = centroids_[j * d_ + l] / norm;
    }
    centroids_ = wide_.data();
  }
  auto target = [&](std::size_t j, double* out) {
    float* const narrow = narrow_.data() + j * leading(d_);
    for (std::size_t l = 0; l < d_; ++l) {
      out[l] = centroids_[j * d_ + l] - static_cast<double>(shift_[l]);
      narrow[l] = static_cast<float>(out[l]);
    }
    return 0.0;
  };
  auto widen = [](const auto& panels, std::size_t count, Extent& widest, double& highest) {
    widest = {};
    highest = 0;
    for (std::size_t p = 0; p < count; ++p) {
      widest.norm = std::max(widest.norm, panels.widest(p).norm);
      widest.error = std::max(widest.error, panels.widest(p).error);
      highest = std::max(highest, panels.highest(p));
    }
  };
  const bool offsets = metric_ != Metric::dot;
  core::parallel_for(ctx, panel_count_, 1, [&](std::size_t p, std::size_t, unsigned) { panels_.fill(p, clusters_, offsets, target); });
  widen(panels_, panel_count_, widest_, highest_);
  if (!low_) return;
  core::parallel_for(ctx, low_->panel_count, 1, [&](std::size_t p, std::size_t, unsigned) { low_->panels.fill(p, clusters_, offsets, target); });
  widen(low_->panels, low_->panel_count, low_->widest, low_->highest);
  low_->least = low_->widest;
  for (std::size_t j = 0; j < clusters_; ++j) {
    low_->least.norm = std::min(low_->least.norm, low_->panels.extent(j).norm);
    low_->least.error = std::min(low_->least.error, low_->panels.extent(j).error);
  }
}

std::unique_ptr<PackedRows> CentroidSearch::pack(core::Context& ctx, ConstMatrix points, const double* inverse_norm,
                                                 const PackedRows::Visit& visit) const {
  if (!low_) return nullptr;
  return std::make_unique<PackedRows>(ctx, k_, low_->k, RowSource{points, inverse_norm, shift_.data()}, visit);
}

CentroidSearch::Scratch::Scratch(const CentroidSearch& s)
    : rows(kBlock * s.leading(s.d_), 0.0f), slots(kBlock * s.slots_.ld()), stored(kRecheck * s.k_.panel), places(s.slots_.size()),
      least(kBlock), extent(kBlock), row(s.leading(s.d_), 0.0f), products(std::max(s.few_, s.slots_.size())) {
  if (!s.low_) return;
  block = RowBlock(kBlock, s.low_->depth);
}

CentroidSearch::Scratch::Open& CentroidSearch::push(std::vector<Scratch::Open>& list, std::size_t& used) {
  if (used == list.size()) list.emplace_back();
  Scratch::Open& open = list[used++];
  open.candidates.clear();
  return open;
}

// The last of a list becomes the last of another.
void CentroidSearch::hand_on(std::vector<Scratch::Open>& from, std::size_t& used, std::vector<Scratch::Open>& to, std::size_t& there) {
  std::swap(from[--used], push(to, there));
}

Extent CentroidSearch::pack_float(const Rows& rows, std::size_t row, float* out) const {
  const bool unit = metric_ == Metric::cosine;
  const float scale = unit ? static_cast<float>(rows.inverse_norm[row]) : 1.0f;
  return centered(k_, rows.points.row(row), shift_.data(), scale, unit, d_, out);
}

void CentroidSearch::reset(Scratch& s, std::size_t rows) const {
  for (std::size_t i = 0; i < rows; ++i) std::fill_n(s.slots.data() + i * slots_.ld(), k_.lanes, FLT_MAX);
}

void CentroidSearch::reduce(Scratch& s, std::size_t rows) const {
  k_.least(s.slots.data(), slots_.ld(), slots_.count(), rows, s.least.data());
}

Doubt CentroidSearch::assign(const core::Context& ctx, const Rows& rows, std::size_t begin, std::size_t end,
                             std::int32_t* labels, Margins margins, Scratch& s) const {
  if (clusters_ == 1) {
    for (std::size_t i = begin; i < end; ++i) {
      labels[rows.id(i)] = 0;
      note(margins, rows.id(i), 0, 0);
    }
    return {};
  }
  s.doubt = {};
  if (low_)
    screen_low(ctx, rows, begin, end, labels, margins, s);
  else
    screen_float(ctx, rows, begin, end, labels, margins, s);
  while (s.waiting > 0) recheck(ctx, rows, labels, margins, s);
  decide(rows, labels, margins, s);
  return s.doubt;
}

void CentroidSearch::screen_float(const core::Context& ctx, const Rows& rows, std::size_t begin, std::size_t end,
                                  std::int32_t* labels, Margins margins, Scratch& s) const {
  const std::size_t ld = leading(d_);
  for (std::size_t first = begin; first < end; first += kBlock) {
    const std::size_t count = std::min(kBlock, end - first);
    const std::size_t padded = (count + k_.row_tile - 1) / k_.row_tile * k_.row_tile;
    for (std::size_t i = 0; i < count; ++i) {
      if (i + kAhead < count) fetch(rows.points.row(rows.id(first + i + kAhead)));
      s.extent[i] = pack_float(rows, rows.id(first + i), s.rows.data() + i * ld);
    }
    reset(s, padded);
    for (std::size_t p = 0; p < panel_count_; ++p) {
      ctx.check();
      k_.score_best(s.rows.data(), ld, padded, panels_.panel(p), panels_.width(p), d_, panels_.offsets(p), slots_.of_panel(s.slots.data(), p));
    }
    reduce(s, count);
    for (std::size_t i = 0; i < count; ++i) {
      const simd::Least& f = s.least[i];
      const std::size_t row = rows.id(first + i);
      const std::size_t j = slots_.column(f.best, static_cast<std::size_t>(f.at));
      const double best = slots_.untagged(f.best).high, second = slots_.untagged(f.second).low;
      // Without a bound the scores may be infinite or NaN, and their index one of the padding: all centroids are left.
      const double widest = bound_(s.extent[i], widest_, highest_);
      const bool bounded = widest < 1e37;
      const double other = bounded ? widest : std::numeric_limits<double>::infinity();
      const double own = bounded ? bound_(s.extent[i], panels_.extent(j), panels_.offset(j)) : other;
      // Written so that NaN counts as doubt.
      if (second - best > own + other) {
        labels[row] = static_cast<std::int32_t>(j);
        note(margins, row, square_above(s.extent[i], best + own), square_below(s.extent[i], second - other));
        continue;
      }
      ++s.doubt.rows;
      Scratch::Open& open = push(s.ready, s.readied);
      open.row = row;
      open.limit = bounded ? best + own : other;
      open.extent = s.extent[i];
      const auto lowest = [&](std::size_t c, Slots::Between score) { return score.low - bound_(open.extent, panels_.extent(c), panels_.offset(c)); };
      if (!bounded || !gather(s, i, other, lowest, open)) hand_on(s.ready, s.readied, s.pending, s.waiting);
    }
    if (s.readied >= kRecheck) decide(rows, labels, margins, s);
    if (s.waiting >= kRecheck) recheck(ctx, rows, labels, margins, s);
  }
}

// Settles up to kRecheck pending rows: scores them in float32, against the bound of every single centroid, then float64.
void CentroidSearch::recheck(const core::Context& ctx, const Rows& rows, std::int32_t* labels, Margins margins,
                             Scratch& s) const {
  const std::size_t ld = leading(d_);
  const std::size_t count = std::min(kRecheck, s.waiting);
  s.doubt.float32 += count;
  Scratch::Open* const open = s.pending.data() + (s.waiting - count);
  for (std::size_t i = 0; i < count; ++i) open[i].candidates.clear();
  const std::size_t padded = (count + k_.row_tile - 1) / k_.row_tile * k_.row_tile;
  for (std::size_t i = 0; i < count; ++i) {
    open[i].extent = pack_float(rows, open[i].row, s.rows.data() + i * ld);
  }
  for (std::size_t p = 0; p < panel_count_; ++p) {
    ctx.check();
    const std::size_t width = panels_.width(p), first = p * panels_.width();
    k_.score_store(s.rows.data(), ld, padded, panels_.panel(p), width, d_, panels_.offsets(p), s.stored.data());
    const std::size_t columns = std::min(width, clusters_ - first);
    for (std::size_t i = 0; i < count; ++i) {
      const double widest = bound_(open[i].extent, panels_.widest(p), panels_.highest(p));
      for (std::size_t c = 0; c < columns; ++c) {
        const double score = static_cast<double>(s.stored[i * width + c]);
        if (score - widest > open[i].limit) continue;
        const std::size_t j = first + c;
        const double error = bound_(open[i].extent, panels_.extent(j), panels_.offset(j));
        if (score - error > open[i].limit) continue;
        open[i].limit = std::min(open[i].limit, score + error);
        open[i].candidates.push_back({static_cast<std::int32_t>(j), score - error});
      }
    }
  }
  ctx.check();
  for (std::size_t i = 0; i < count; ++i) hand_on(s.pending, s.waiting, s.ready, s.readied);
  decide(rows, labels, margins, s);
}

}  // namespace matomari
