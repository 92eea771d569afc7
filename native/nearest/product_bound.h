#pragma once
#include <cmath>
#include <cstddef>

#include "distances/pair.h"
#include "nearest/exact.h"
#include "nearest/panels.h"
#include "simd/kernels.h"

namespace matomari {

// A distance from the float32 product p of two vectors as they are, and how far that is off. Ascending is nearer; euclidean
// distances are squared.
class ProductBound {
 public:
  ProductBound(const simd::Kernels& k, Metric metric, std::size_t d) noexcept : metric_(metric), d_(d) {
    const double n = static_cast<double>(d), nu = (static_cast<double>(k.roundings) * n + 4) * kUnit32;
    gamma_ = nu < 0.5 ? nu / (1 - nu) : HUGE_VAL;
    tiny_ = (n + 4) * 0x1p-146;
  }

  // xx, cc: the squared norms in float64.
  double value(double p, double xx, double cc) const noexcept {
    if (metric_ == Metric::dot) return -p;
    return metric_ == Metric::cosine ? 1 - p / std::sqrt(xx * cc) : xx + cc - 2 * p;
  }

  // Higham's gamma for the sum in any order and Cauchy–Schwarz for its terms; and twice the blur of float64, so that what is ruled
  // out by this float64 would rule out too. Infinite where a vector has no length or the product might overflow.
  double operator()(double xx, double cc) const noexcept {
    const double lengths = std::sqrt(xx * cc);
    if (!(lengths > 0 && lengths < 1e37)) return HUGE_VAL;
    const bool cosine = metric_ == Metric::cosine;
    const double by = cosine ? 1 / lengths : metric_ == Metric::dot ? 1.0 : 2.0;
    return (gamma_ * lengths + tiny_) * by * (1 + 1e-9) + 2 * value_blur(d_, cosine ? 2.0 : xx + cc);
  }

 private:
  Metric metric_;
  std::size_t d_;
  double gamma_, tiny_;
};

}  // namespace matomari
