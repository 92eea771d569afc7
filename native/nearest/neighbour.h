#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "core/host_device.h"
#include "core/view.h"
#include "distances/pair.h"
#include "nearest/exact.h"

namespace matomari {

// A point whose distance to a query is known, in float64 or roughly.
struct Scored {
  double value;  // ascending is nearer
  double blur;   // how far it may be off
  std::int32_t index;
  bool rough = false;  // from a screen, or a float32 product
};

// From the product of query x and point c, and their squared norms.
MATOMARI_HD inline Scored scored(Metric metric, const float* x, double xx, const float* c, double cc, std::size_t d,
                                 double product, std::int32_t index) {
  const Metric by = metric == Metric::euclidean ? Metric::sqeuclidean : metric;
  const double v = pair_value(by, product, xx, cc, [&] { return squared_difference(x, c, d); });
  const double size = metric == Metric::cosine ? 2.0 : xx + cc;
  return {metric == Metric::dot ? -v : v, size * (static_cast<double>(d) + 8) * 0x1p-51, index};
}

// Whether a is nearer to x than b, ties to the lower index; by exact sums where float64 cannot tell, but not for cosine.
template <class Sum>
bool nearer(Metric metric, core::ConstMatrix points, const float* x, const Scored& a, const Scored& b, Sum& exact) {
  if (metric != Metric::cosine && a.index != b.index && std::abs(a.value - b.value) <= a.blur + b.blur) {
    const int sign = compare_exactly(metric, x, points.row(static_cast<std::size_t>(a.index)),
                                     points.row(static_cast<std::size_t>(b.index)), points.cols, exact);
    return sign != 0 ? sign < 0 : a.index < b.index;
  }
  return a.value != b.value ? a.value < b.value : a.index < b.index;
}

}  // namespace matomari
