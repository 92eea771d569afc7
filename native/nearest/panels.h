#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>

#include "core/buffer.h"
#include "core/host_device.h"
#include "distances/pair.h"
#include "simd/kernels.h"

// Screening: float32 scores that find the nearest rows fast, and a bound on their error that tells when the finding is
// proven. The score of target j for a row x is
//
//     offset[j] − x' · c'[j],   x' = x · scale − shift,   c'[j] = c[j] · scale − shift
//
// which orders targets as the metric does: offset is ½‖c − shift‖² for the euclidean metrics, and for cosine on unit
// vectors; `dot` has neither offset nor shift. Subtracting a common vector changes no order and makes the bound small
// where the data have a large common part, as sentence embeddings do.
namespace matomari {

inline constexpr double kUnit32 = 0x1p-24;

// One side of a product: how long the rounded vector is at most, and how far it may lie from the true one.
struct Extent {
  double norm = 0;
  double error = 0;
};

// Bounds |score − true score|. Rounding of the sum of d products: gamma · (offset + ‖x'‖‖c'‖), whatever the order of
// additions (Higham: Accuracy and Stability of Numerical Algorithms, 3.1); of the vectors: Cauchy–Schwarz; of the
// offset: half a unit. `slack` covers the float64 recheck, so that what is proven here the recheck would find too: it
// takes differences for the euclidean metrics, but products of whole unit vectors for cosine, however short those are
// that the shift has left here. `tiny` covers underflow. Scores that might overflow have an infinite bound.
class ScoreBound {
 public:
  ScoreBound(const simd::Kernels& k, Metric metric, std::size_t d) noexcept;
  double operator()(const Extent& x, const Extent& c, double offset) const noexcept;

 private:
  double gamma_, slack_, tiny_, floor_;
};

// x · scale − shift of one row as float32, and its extent. `unit` tells that scale is a rounded 1/‖x‖.
Extent centered(const simd::Kernels& k, const float* x, const float* shift, float scale, bool unit, std::size_t d,
                float* out) noexcept;

// The extent of a float64 vector, of which `square` is the sum of squares, that was rounded to float32 once.
Extent rounded_once(double square, std::size_t d) noexcept;

// How far `centered` may take a row of ordinary size from the true one.
inline double usual_error(double norm) noexcept { return (norm + 16) * 2 * kUnit32; }

// A part of a bound that is a polynomial of a length.
struct Quadratic {
  double square, linear, constant;
  MATOMARI_HD double operator()(double length) const noexcept { return (square * length + linear) * length + constant; }
};

// ‖x'‖² from above and from below. The extent bounds the rounded row, with room for the rounding of the sum; `error` is how far that
// may lie from the true one, which of a unit vector near the shift may be more than its length.
inline double most_square(const Extent& x, double error) noexcept { return (x.norm + error) * (x.norm + error); }
inline double least_square(const Extent& x, double error, std::size_t d) noexcept {
  const double n = static_cast<double>(d);
  return x.norm * x.norm * (1 - (8 * n + 64) * kUnit32) - 2 * x.norm * error - n * 2e-44;
}

// The same of rows of ordinary size: norm² and this at most, and norm² less that at least.
inline constexpr Quadratic kUsualGain{5 * kUnit32, 65 * kUnit32, 1025 * kUnit32 * kUnit32};
inline Quadratic usual_loss(std::size_t d) noexcept {
  const double n = static_cast<double>(d);
  return {(8 * n + 68) * kUnit32, 64 * kUnit32, n * 2e-44};
}

// Targets laid out for the kernels: [panel][depth][width], with their offsets and extents.
class Panels {
 public:
  Panels(const simd::Kernels& k, std::size_t capacity, std::size_t d);

  // Fills panel p from target(j, row), which writes the float64 values of c · scale − shift for a j below count and
  // returns what is to be added to its offset.
  template <class Target>
  void fill(std::size_t p, std::size_t count, bool offsets, Target&& target);

  // Panel p holds targets from p · width(); all panels are this wide but the last, which ends with a whole vector.
  std::size_t width() const noexcept { return width_; }
  std::size_t width(std::size_t p) const noexcept { return widths_[p]; }
  const float* panel(std::size_t p) const noexcept { return data_.data() + p * width_ * d_; }
  const float* offsets(std::size_t p) const noexcept { return offset_.data() + p * width_; }
  double offset(std::size_t j) const noexcept { return static_cast<double>(offset_[j]); }
  const Extent& extent(std::size_t j) const noexcept { return extent_[j]; }
  // The largest extent and offset within panel p.
  const Extent& widest(std::size_t p) const noexcept { return widest_[p]; }
  double highest(std::size_t p) const noexcept { return highest_[p]; }

 private:
  static constexpr float kNever = 3e38f;  // the offset of padding: loses to every score with a finite bound
  std::size_t d_, width_, lanes_;
  core::Buffer<float> data_, offset_;
  core::Buffer<Extent> extent_, widest_;
  core::Buffer<double> highest_, row_;
  core::Buffer<std::size_t> widths_;
  std::size_t panels_;
};

template <class Target>
void Panels::fill(std::size_t p, std::size_t count, bool offsets, Target&& target) {
  float* const out = data_.data() + p * width_ * d_;
  double* const row = row_.data() + p * d_;
  Extent widest;
  double highest = 0;
  const std::size_t width = std::min(width_, (count - p * width_ + lanes_ - 1) / lanes_ * lanes_);
  widths_[p] = width;
  for (std::size_t j = p * width_; j < p * width_ + width; ++j) {
    float* const column = out + (j - p * width_);
    if (j >= count) {
      for (std::size_t l = 0; l < d_; ++l) column[l * width] = 0;
      offset_[j] = kNever;
      continue;
    }
    const double extra = target(j, row);
    double square = 0;
    for (std::size_t l = 0; l < d_; ++l) {
      square += row[l] * row[l];
      column[l * width] = static_cast<float>(row[l]);
    }
    const Extent e = rounded_once(square, d_);
    const double half = (offsets ? square / 2 : 0.0) + extra;
    extent_[j] = e;
    // Beyond float32 the offset saturates; the bound is infinite long before.
    offset_[j] = half < 1e38 ? static_cast<float>(half) : kNever;
    if (e.norm > widest.norm) widest.norm = e.norm;
    if (e.error > widest.error) widest.error = e.error;
    if (half > highest) highest = half;
  }
  widest_[p] = widest;
  highest_[p] = highest;
}

}  // namespace matomari
