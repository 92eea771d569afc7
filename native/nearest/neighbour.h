#pragma once
#include <cmath>

#include "core/exact_sum.h"
#include "core/view.h"
#include "nearest/exact.h"
#include "nearest/scored.h"

namespace matomari {

// Whether a is nearer to x than b, ties to the lower index; by exact sums where float64 cannot tell, but not for cosine.
inline bool nearer(Metric metric, core::ConstMatrix points, const float* x, const Scored& a, const Scored& b,
                   core::ExactSum& exact) {
  if (metric != Metric::cosine && a.index != b.index && std::abs(a.value - b.value) <= a.blur + b.blur) {
    const int sign = compare_exactly(metric, x, points.row(static_cast<std::size_t>(a.index)),
                                     points.row(static_cast<std::size_t>(b.index)), points.cols, exact);
    return sign != 0 ? sign < 0 : a.index < b.index;
  }
  return a.value != b.value ? a.value < b.value : a.index < b.index;
}

}  // namespace matomari
