#pragma once
#include <cmath>
#include <cstddef>

#include "core/host_device.h"

// The float64 definition of a distance between two rows, one pair at a time. Everything that returns a distance
// computes these, in index order, whatever screened the pair first: that is what makes results equal on every level.
namespace matomari {

enum class Metric { euclidean, sqeuclidean, cosine, dot };

// Σ a·b. Products of float32 numbers are exact in float64, so that a fused multiply-add changes nothing.
MATOMARI_HD inline double dot_product(const float* a, const float* b, std::size_t d) noexcept {
  double sum = 0;
  for (std::size_t l = 0; l < d; ++l) sum += static_cast<double>(a[l]) * static_cast<double>(b[l]);
  return sum;
}

// Σ (a − b)².
template <class A, class B>
MATOMARI_HD inline double squared_difference(const A* a, const B* b, std::size_t d) noexcept {
  double sum = 0;
  for (std::size_t l = 0; l < d; ++l) {
    const double t = static_cast<double>(a[l]) - static_cast<double>(b[l]);
    sum += t * t;
  }
  return sum;
}

// Whether v = aa + bb − 2p, where whole = aa + bb, has lost more than 20 bits to cancellation.
MATOMARI_HD inline bool cancelled(double v, double whole) noexcept { return v < whole * 0x1p-20; }

// The value of a metric from p = a·b, aa = a·a and bb = b·b. Where their sum cancels, `direct()` gives Σ (a − b)² instead.
template <class Direct>
MATOMARI_HD inline double pair_value(Metric metric, double p, double aa, double bb, Direct&& direct) noexcept {
  switch (metric) {
    case Metric::dot: return p;
    case Metric::cosine: {
      if (aa == 0 || bb == 0) return 1.0;  // a zero vector is at right angles to everything
      const double v = 1.0 - p / (std::sqrt(aa) * std::sqrt(bb));
      return v > 0 ? v : 0.0;
    }
    case Metric::euclidean:
    case Metric::sqeuclidean: break;
  }
  const double whole = aa + bb;
  double v = whole - 2 * p;
  if (cancelled(v, whole)) v = direct();
  return metric == Metric::euclidean ? std::sqrt(v) : v;
}

MATOMARI_HD inline double pair_value(Metric metric, const float* a, double aa, const float* b, double bb, std::size_t d) noexcept {
  return pair_value(metric, dot_product(a, b, d), aa, bb, [&] { return squared_difference(a, b, d); });
}

}  // namespace matomari
