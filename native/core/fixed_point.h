#pragma once
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "core/host_device.h"

namespace matomari::core {

// Sums that do not depend on the order of their terms: every term is rounded once to a multiple of 2^-shift and added
// as a 64-bit integer. The shift is taken from the largest term and the number of terms, so that no sum overflows, and
// so that a term always fits the 51 bits in which `to_fixed` is exact.

inline constexpr double kRounder = 6755399441055744.0;  // 1.5 · 2^52: adding it rounds to a whole number

// round_to_nearest_even(scaled) for |scaled| < 2^51. The SIMD kernels do the same addition, to the same bits.
MATOMARI_HD inline std::int64_t to_fixed(double scaled) noexcept {
  return std::bit_cast<std::int64_t>(scaled + kRounder) - std::bit_cast<std::int64_t>(kRounder);
}

// The bits that are left to a term when up to `count` of them are added.
MATOMARI_HD inline int fixed_bits(std::size_t count) noexcept {
  const int room = 62 - static_cast<int>(std::bit_width(count));
  return room < 50 ? room : 50;
}
// The power of two by which terms of at most `largest` magnitude are scaled when up to `count` of them are added.
MATOMARI_HD inline double fixed_scale(double largest, std::size_t count) noexcept {
  if (!(largest > 0)) return 1.0;
  int exponent;
  std::frexp(largest, &exponent);  // largest < 2^exponent
  int shift = fixed_bits(count) - exponent;
  if (shift > 1000) shift = 1000;  // keeps the scale and its inverse normal numbers
  return std::ldexp(1.0, shift);
}

// A running order-free sum of doubles of one sign or both.
class FixedSum {
 public:
  MATOMARI_HD FixedSum(double largest, std::size_t count) noexcept
      : scale_(fixed_scale(largest, count)), most_(std::int64_t{1} << fixed_bits(count)) {}
  // No term is larger.
  MATOMARI_HD std::int64_t most() const noexcept { return most_; }
  MATOMARI_HD std::int64_t term(double v) const noexcept { return to_fixed(v * scale_); }
  MATOMARI_HD double value(std::int64_t sum) const noexcept { return static_cast<double>(sum) / scale_; }

 private:
  double scale_;
  std::int64_t most_;
};

}  // namespace matomari::core
