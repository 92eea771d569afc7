#pragma once
#include <cstddef>

#include "core/exact_sum.h"
#include "distances/pair.h"

namespace matomari {

// Whether a (−1) or b (+1) is nearer to x in real arithmetic, or 0 where neither is: for the euclidean metrics by
// ‖a‖² − ‖b‖² − 2x·(a − b), for `dot` by x·(b − a). All products are exact in float64.
inline int compare_exactly(Metric metric, const float* x, const float* a, const float* b, std::size_t d,
                           core::ExactSum& sum) {
  sum.clear();
  for (std::size_t l = 0; l < d; ++l) {
    const double xl = static_cast<double>(x[l]), u = static_cast<double>(a[l]), v = static_cast<double>(b[l]);
    if (u == v) continue;
    if (metric == Metric::dot) {
      sum.add(-xl * u);
      sum.add(xl * v);
    } else {
      sum.add(u * u);
      sum.add(-(v * v));
      sum.add(-2 * xl * u);
      sum.add(2 * xl * v);
    }
  }
  return sum.sign();
}

}  // namespace matomari
