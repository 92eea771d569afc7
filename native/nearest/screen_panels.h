#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "core/buffer.h"
#include "core/context.h"
#include "core/host_device.h"
#include "core/view.h"
#include "nearest/panels.h"
#include "simd/screens.h"

// The screens below float32: the same scores as in panels.h, from vectors rounded to bf16 or int8.
namespace matomari {

// Bounds |score − true score| where both vectors were rounded and the error of that was measured:
// |x'·c' − x̂·ĉ| ≤ ‖x' − x̂‖‖c'‖ + ‖x̂‖‖c' − ĉ‖, and the sum of the rounded products as in ScoreBound.
class ScreenBound {
 public:
  // A score is off by at most value_steps · d + score_steps units of 2^-24, and by d · flush for underflow.
  ScreenBound(double value_steps, double score_steps, double flush, Metric metric, std::size_t d) noexcept {
    const double n = static_cast<double>(d);
    const double nu = (value_steps * n + score_steps) * kUnit32;
    gamma_ = nu < 0.5 ? nu / (1 - nu) : HUGE_VAL;
    slack_ = (n + 16) * 0x1p-51;
    tiny_ = (n + 4) * (0x1p-146 + flush);
    floor_ = metric == Metric::cosine ? 4 * slack_ : 0.0;
  }
  ScreenBound(const simd::ScreenKernels& k, Metric metric, std::size_t d) noexcept
      : ScreenBound(k.value_steps, k.score_steps, k.flush, metric, d) {}
  MATOMARI_HD double operator()(const Extent& x, const Extent& c, double offset) const noexcept {
    const double rounded = x.norm + x.error;
    const double size = offset + rounded * (c.norm + c.error);
    if (!(size < 1e37)) return HUGE_VAL;
    const double sum = x.norm + c.norm;
    return gamma_ * size + x.error * c.norm + rounded * c.error + kUnit32 * offset + slack_ * sum * sum +
           tiny_ * (1 + sum) + floor_;
  }

  // How far above the lowest value that a kernel gives the true score may lie: the parts below are rounded up to float32.
  MATOMARI_HD double width(const Extent& x, const Extent& c, double offset) const noexcept {
    return 2 * (1 + 0x1p-20) * (*this)(x, c, offset);
  }

  // The same bound in parts, each at least its share: of_row + of_column + x.error · c.norm + length(x) · error(c).
  MATOMARI_HD double of_row(const Extent& x) const noexcept { return of_rows()(x.norm); }
  MATOMARI_HD Quadratic of_rows() const noexcept { return {2 * slack_, tiny_, floor_}; }
  MATOMARI_HD double of_column(const Extent& c, double offset) const noexcept {
    return (gamma_ + kUnit32) * offset + 2 * slack_ * c.norm * c.norm + tiny_ * (1 + c.norm);
  }
  MATOMARI_HD static double length(const Extent& x) noexcept { return x.norm + x.error; }
  MATOMARI_HD double error(const Extent& c) const noexcept { return c.error + gamma_ * (c.norm + c.error); }

 private:
  double gamma_, slack_, tiny_, floor_;
};

// A float32 number that is not below (above) v.
MATOMARI_HD inline float at_least(double v) noexcept { return static_cast<float>(v * (v > 0 ? 1 + 0x1p-22 : 1 - 0x1p-22) + 1e-44); }
MATOMARI_HD inline float at_most(double v) noexcept { return -at_least(-v); }

// Packed rows under a kernel: groups, and what belongs to each row.
class RowBlock {
 public:
  RowBlock() = default;
  RowBlock(std::size_t rows, std::size_t depth)
      : ld_(depth % 256 == 0 ? depth + 16 : depth), groups_(rows * ld_, 0u), scale_(rows, 0.0f), error_(rows, 0.0f), length_(rows, 0.0f) {}
  std::uint32_t* groups(std::size_t i) const noexcept { return groups_.data() + i * ld_; }
  void put(std::size_t i, float scale, const Extent& x) const noexcept {
    scale_[i] = scale;
    error_[i] = at_least(x.error);
    length_[i] = at_least(ScreenBound::length(x));
  }
  float scale(std::size_t i) const noexcept { return scale_[i]; }
  simd::ScreenRows view(std::size_t first = 0) const noexcept {
    return {groups_.data() + first * ld_, ld_, scale_.data() + first, error_.data() + first, length_.data() + first};
  }

 private:
  std::size_t ld_ = 0;  // not a multiple of 1 KiB: rows must not fall into the same few lines of the cache
  core::Buffer<std::uint32_t> groups_;
  core::Buffer<float> scale_, error_, length_;
};

// What `low_best` takes for how far rounding took the rows of a tile and how long they are: of each the most.
struct TileShare {
  TileShare() = default;
  TileShare(const simd::ScreenRows& rows, std::size_t first, std::size_t tile) noexcept
      : error(static_cast<double>(*std::max_element(rows.error + first, rows.error + first + tile))),
        length(static_cast<double>(*std::max_element(rows.length + first, rows.length + first + tile))) {}
  // By how much row i has less.
  TileShare beyond(const simd::ScreenRows& rows, std::size_t i) const noexcept {
    TileShare out;
    out.error = error - static_cast<double>(rows.error[i]);
    out.length = length - static_cast<double>(rows.length[i]);
    return out;
  }
  // What is taken off the score of a column for it. The kernel's norm and error of a column are rounded up from these: it takes
  // off no less, and no more than 2^−20 of it beyond.
  double of(const Extent& c, const ScreenBound& bound) const noexcept { return error * c.norm + length * bound.error(c); }
  Extent worst() const noexcept { return {length, error}; }

  double error = 0, length = 0;
};

// Where rows come from: `points`, for cosine with 1/‖row‖, less a common vector.
struct RowSource {
  core::ConstMatrix points;
  const double* inverse_norm = nullptr;
  const float* shift = nullptr;
};

// The length of a residual whose squares were added up in float32.
double residual_norm(float square, std::size_t d) noexcept;

// One row packed for a screen. `work` [d] holds the float32 row on return.
Extent pack_row(const simd::Kernels& k, const simd::ScreenKernels& s, const RowSource& rows, std::size_t row,
                float* work, std::uint32_t* groups, float* scale) noexcept;

// All rows, packed once for many passes. Behind the last there is a tile of zeros, so that whole tiles may be read from any row.
class PackedRows {
 public:
  // What else is to be done with a row once it is packed: x [d] is what was, and `extent` how far that lies from the true row.
  using Visit = std::function<void(const PackedRows& packed, std::size_t row, const float* x, const Extent& extent)>;
  PackedRows(core::Context& ctx, const simd::Kernels& k, const simd::ScreenKernels& s, const RowSource& rows, const Visit& visit = nullptr);

  const simd::ScreenKernels& kernels() const noexcept { return kernels_; }
  const std::uint32_t* groups(std::size_t row) const noexcept { return block_.groups(row); }
  float scale(std::size_t row) const noexcept { return block_.scale(row); }
  const Extent& extent(std::size_t row) const noexcept { return extent_[row]; }
  // The rows from `first` on.
  simd::ScreenRows from(std::size_t first) const noexcept { return block_.view(first); }

 private:
  const simd::ScreenKernels& kernels_;
  RowBlock block_;
  core::Buffer<Extent> extent_;
};

// Targets laid out for a screen's kernels, with their offsets and extents; the counterpart of Panels.
class ScreenPanels {
 public:
  ScreenPanels(const simd::ScreenKernels& k, const ScreenBound& bound, std::size_t capacity, std::size_t d);

  // As Panels::fill. Panels may be filled by several threads at once.
  template <class Target>
  void fill(std::size_t p, std::size_t count, bool offsets, Target&& target);

  std::size_t width() const noexcept { return k_.panel; }
  simd::ScreenPanel panel(std::size_t p) const noexcept {
    const std::size_t first = p * k_.panel;
    return {groups_.data() + first * depth_, widths_[p], depth_, offset_.data() + first, scale_.data() + first,
            norm_.data() + first, error_.data() + first, start_.data() + first};
  }
  double offset(std::size_t j) const noexcept { return half_[j]; }
  const Extent& extent(std::size_t j) const noexcept { return extent_[j]; }
  const Extent& widest(std::size_t p) const noexcept { return widest_[p]; }
  double highest(std::size_t p) const noexcept { return highest_[p]; }

 private:
  static constexpr float kNever = 3e38f;
  void put(std::size_t p, std::size_t j, const std::vector<double>& row, double extra, bool offsets,
           std::vector<float>& work, std::vector<std::uint32_t>& packed);

  const simd::ScreenKernels& k_;
  const ScreenBound& bound_;
  std::size_t d_, depth_;
  core::Buffer<std::uint32_t> groups_;
  core::Buffer<float> offset_, scale_, norm_, error_;
  core::Buffer<double> half_;
  core::Buffer<std::int32_t> start_;
  core::Buffer<Extent> extent_, widest_;
  core::Buffer<double> highest_;
  core::Buffer<std::size_t> widths_;
};

template <class Target>
void ScreenPanels::fill(std::size_t p, std::size_t count, bool offsets, Target&& target) {
  const std::size_t first = p * k_.panel;
  const std::size_t width = std::min(k_.panel, (count - first + k_.lanes - 1) / k_.lanes * k_.lanes);
  widths_[p] = width;
  widest_[p] = {};
  highest_[p] = 0;
  std::vector<double> row(d_);
  std::vector<float> work(d_);
  std::vector<std::uint32_t> packed(depth_);
  for (std::size_t j = first; j < first + width; ++j) {
    if (j < count) {
      const double extra = target(j, row.data());
      put(p, j, row, extra, offsets, work, packed);
      continue;
    }
    std::uint32_t* const column = groups_.data() + first * depth_ + (j - first);
    for (std::size_t l = 0; l < depth_; ++l) column[l * width] = 0;
    offset_[j] = kNever;
    scale_[j] = norm_[j] = error_[j] = 0;
    start_[j] = 0;
  }
}

}  // namespace matomari
