#pragma once
#include <cstddef>

#include "core/host_device.h"
#include "distances/pair.h"

namespace matomari {

// Whether a (−1) or b (+1) is nearer to x in real arithmetic, or 0 where neither is: for the euclidean metrics by
// ‖a‖² − ‖b‖² − 2x·(a − b), for `dot` by x·(b − a). All products are exact in float64. `Sum` is any exact sum with add() and
// sign().
template <class Sum>
MATOMARI_HD int compare_exactly(Metric metric, const float* x, const float* a, const float* b, std::size_t d, Sum& sum) {
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

// How far apart two values of a metric, taken in float64 over d columns, must lie to be told apart; `size` is the sum of
// the magnitudes of their terms.
MATOMARI_HD inline double value_blur(std::size_t d, double size) noexcept { return (static_cast<double>(d) + 8) * 0x1p-51 * size; }

}  // namespace matomari
