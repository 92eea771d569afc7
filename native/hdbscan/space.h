#pragma once
#include <cmath>
#include <cstddef>

#include "core/buffer.h"
#include "core/context.h"
#include "core/view.h"
#include "nearest/assign.h"

namespace matomari::density {

// The points as the steps of HDBSCAN see them: float64 coordinates, of which only squared differences are taken. For
// cosine the coordinates are those of the points on the unit sphere, where 1 − cos is half the squared distance. Squares
// are compared, and turned into distances once, at the end: the order is the same and no root is taken inside a loop.
class Space {
 public:
  Space(core::Context& ctx, core::ConstMatrix points, const char* name, bool cosine, double alpha)
      : points_(points), cosine_(cosine), scale_(cosine ? 1 / alpha : 1 / (alpha * alpha)),
        inverse_norm_(cosine ? points.rows : 0) {
    if (cosine) require_directions(ctx, points, name, inverse_norm_.data());
  }

  core::ConstMatrix points() const noexcept { return points_; }
  std::size_t size() const noexcept { return points_.rows; }
  std::size_t dims() const noexcept { return points_.cols; }
  bool cosine() const noexcept { return cosine_; }
  const double* inverse_norm() const noexcept { return cosine_ ? inverse_norm_.data() : nullptr; }

  double coordinate(std::size_t i, std::size_t l) const noexcept {
    const auto v = static_cast<double>(points_.row(i)[l]);
    return cosine_ ? v * inverse_norm_[i] : v;
  }

  // Σ (a − b)² over the coordinates of two points, in index order.
  double squared(std::size_t i, std::size_t j) const noexcept {
    if (!cosine_) return squared_difference(points_.row(i), points_.row(j), points_.cols);
    const float *a = points_.row(i), *b = points_.row(j);
    const double u = inverse_norm_[i], v = inverse_norm_[j];
    double sum = 0;
    for (std::size_t l = 0; l < points_.cols; ++l) {
      const double t = static_cast<double>(a[l]) * u - static_cast<double>(b[l]) * v;
      sum += t * t;
    }
    return sum;
  }

  // A squared distance divided by alpha, in squares.
  double scaled(double squared) const noexcept { return squared * scale_; }
  // The largest squared distance that `scaled` brings to at most `weight`, up to rounding.
  double unscaled(double weight) const noexcept { return weight / scale_; }
  // The distance that a square stands for.
  double distance(double squared) const noexcept { return cosine_ ? squared / 2 : std::sqrt(squared); }

 private:
  core::ConstMatrix points_;
  bool cosine_;
  double scale_;
  core::Buffer<double> inverse_norm_;
};

}  // namespace matomari::density
