#include "nearest/screen_panels.h"

#include <limits>

#include "core/parallel.h"

namespace matomari {

namespace {

std::size_t depth_of(const simd::ScreenKernels& k, std::size_t d) noexcept {
  return (d + k.per_group - 1) / k.per_group;
}

}  // namespace

double residual_norm(float square, std::size_t d) noexcept {
  if (!(square < 3e38f)) return std::numeric_limits<double>::infinity();
  const double n = static_cast<double>(d);
  return std::sqrt(static_cast<double>(square) * (1 + (4 * n + 16) * kUnit32) + n * 1e-44);
}

namespace {

Extent centered_row(const simd::Kernels& k, const RowSource& rows, std::size_t row, float* out) noexcept {
  const bool unit = rows.inverse_norm != nullptr;
  return centered(k, rows.points.row(row), rows.shift, unit ? static_cast<float>(rows.inverse_norm[row]) : 1.0f, unit, rows.points.cols, out);
}

Extent pack_centered(const simd::ScreenKernels& s, const float* x, Extent e, std::size_t d, std::uint32_t* groups, float* scale) noexcept {
  const simd::Rounded r = s.round(x, d, true, groups);
  *scale = r.scale;
  // Out of the ordinary: left to the float32 screen.
  if (!(e.error <= usual_error(e.norm))) e.error = std::numeric_limits<double>::infinity();
  e.error += residual_norm(r.residual, d);
  return e;
}

}  // namespace

Extent pack_row(const simd::Kernels& k, const simd::ScreenKernels& s, const RowSource& rows, std::size_t row,
                float* work, std::uint32_t* groups, float* scale) noexcept {
  return pack_centered(s, work, centered_row(k, rows, row, work), rows.points.cols, groups, scale);
}

PackedRows::PackedRows(core::Context& ctx, const simd::Kernels& k, const simd::ScreenKernels& s, const RowSource& rows, const Visit& visit)
    : kernels_(s), block_(rows.points.rows + s.row_tile, depth_of(s, rows.points.cols)),
      extent_(rows.points.rows) {
  const std::size_t d = rows.points.cols;
  core::Buffer<float> work(ctx.threads() * d);
  core::parallel_for(ctx, rows.points.rows, 512, [&](std::size_t begin, std::size_t end, unsigned slot) {
    float* const x = work.data() + slot * d;
    for (std::size_t i = begin; i < end; ++i) {
      float scale;
      const Extent e = centered_row(k, rows, i, x);
      extent_[i] = pack_centered(s, x, e, d, block_.groups(i), &scale);
      block_.put(i, scale, extent_[i]);
      if (visit) visit(*this, i, x, e);
    }
  });
}

ScreenPanels::ScreenPanels(const simd::ScreenKernels& k, const ScreenBound& bound, std::size_t capacity, std::size_t d)
    : k_(k), bound_(bound), d_(d), depth_(depth_of(k, d)) {
  const std::size_t panels = (capacity + k.panel - 1) / k.panel, columns = panels * k.panel;
  groups_ = core::Buffer<std::uint32_t>(columns * depth_);
  offset_ = core::Buffer<float>(columns);
  scale_ = core::Buffer<float>(columns);
  norm_ = core::Buffer<float>(columns);
  error_ = core::Buffer<float>(columns);
  half_ = core::Buffer<double>(columns);
  start_ = core::Buffer<std::int32_t>(columns);
  extent_ = core::Buffer<Extent>(columns);
  widest_ = core::Buffer<Extent>(panels);
  highest_ = core::Buffer<double>(panels);
  widths_ = core::Buffer<std::size_t>(panels);
}

void ScreenPanels::put(std::size_t p, std::size_t j, const std::vector<double>& row, double extra, bool offsets,
                       std::vector<float>& work, std::vector<std::uint32_t>& packed) {
  double square = 0;
  for (std::size_t l = 0; l < d_; ++l) {
    square += row[l] * row[l];
    work[l] = static_cast<float>(row[l]);
  }
  const simd::Rounded r = k_.round(work.data(), d_, false, packed.data());
  std::uint32_t* const column = groups_.data() + p * k_.panel * depth_ + (j - p * k_.panel);
  for (std::size_t l = 0; l < depth_; ++l) column[l * widths_[p]] = packed[l];
  Extent e = rounded_once(square, d_);
  e.error += residual_norm(r.residual, d_);
  const double half = (offsets ? square / 2 : 0.0) + extra;
  extent_[j] = e;
  const double least = half - bound_.of_column(e, half);
  half_[j] = half;
  offset_[j] = half < 1e37 ? at_most(least) : kNever;
  norm_[j] = at_least(e.norm);
  error_[j] = at_least(bound_.error(e));
  scale_[j] = r.scale;
  start_[j] = r.start;
  widest_[p].norm = std::max(widest_[p].norm, e.norm);
  widest_[p].error = std::max(widest_[p].error, e.error);
  highest_[p] = std::max(highest_[p], half);
}

}  // namespace matomari
