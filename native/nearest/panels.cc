#include "nearest/panels.h"

#include <cmath>
#include <limits>

namespace matomari {

ScoreBound::ScoreBound(const simd::Kernels& k, Metric metric, std::size_t d) noexcept {
  const double steps = static_cast<double>(k.roundings) * static_cast<double>(d) + 4;
  const double nu = steps * kUnit32;
  gamma_ = nu < 0.5 ? nu / (1 - nu) : std::numeric_limits<double>::infinity();
  slack_ = (static_cast<double>(d) + 16) * 0x1p-51;
  tiny_ = (static_cast<double>(d) + 4) * 0x1p-146;
  floor_ = metric == Metric::cosine ? 4 * slack_ : 0.0;  // (1 + 1)² · slack
}

double ScoreBound::operator()(const Extent& x, const Extent& c, double offset) const noexcept {
  const double product = x.norm * c.norm;
  const double size = offset + product;
  if (!(size < 1e37)) return std::numeric_limits<double>::infinity();
  const double sum = x.norm + c.norm;
  return gamma_ * size + x.error * c.norm + (x.norm + x.error) * c.error + kUnit32 * offset + slack_ * sum * sum +
         tiny_ * (1 + sum) + floor_;
}

Extent centered(const simd::Kernels& k, const float* x, const float* shift, float scale, bool unit, std::size_t d,
                float* out) noexcept {
  const double n = static_cast<double>(d);
  const double square = static_cast<double>(k.center(x, shift, scale, d, out));
  Extent e;
  // The sum of squares itself was rounded (at most 2d + 2 steps) and may have lost terms to underflow.
  e.norm = std::sqrt(square * (1 + (4 * n + 16) * kUnit32) + n * 1e-44);
  // Subtraction loses half a unit of its result; a rounded 1/‖x‖ and the product with it lose up to 3 units of ‖x/‖x‖‖ = 1.
  e.error = e.norm * kUnit32 * (1 + 1e-6) + (unit ? 4 * kUnit32 : 0.0) + n * 1e-44;
  // 1/‖x‖ of a very long row is a denormal float32, which has fewer bits than the rest.
  if (unit && scale > 0) e.error += 0x1p-149 / static_cast<double>(scale);
  return e;
}

Extent rounded_once(double square, std::size_t d) noexcept {
  const double n = static_cast<double>(d), norm = std::sqrt(square) * (1 + 2 * kUnit32) + 1e-40 * n;
  // Of numbers that are none nothing is known, and no maximum may lose sight of that.
  if (std::isnan(norm)) return {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()};
  return {norm, norm * kUnit32 + 1e-44 * n};
}

Panels::Panels(const simd::Kernels& k, std::size_t capacity, std::size_t d)
    : d_(d), width_(k.panel), lanes_(k.lanes), panels_((capacity + width_ - 1) / width_) {
  // The kernel prefetches past the end, which needs no memory there.
  data_ = core::Buffer<float>(panels_ * width_ * d);
  offset_ = core::Buffer<float>(panels_ * width_);
  extent_ = core::Buffer<Extent>(panels_ * width_);
  widest_ = core::Buffer<Extent>(panels_);
  highest_ = core::Buffer<double>(panels_);
  row_ = core::Buffer<double>(panels_ * d);
  widths_ = core::Buffer<std::size_t>(panels_);
}

}  // namespace matomari
