#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

// exp and log from additions, products, quotients and bit operations only: the C library's differ in the last bits
// from machine to machine. Both are within two units in the last place.
namespace matomari::core {

namespace detail {
inline constexpr std::array<double, 14> kInverseFactorial = [] {
  std::array<double, 14> out{};
  double factorial = 1;
  for (std::size_t n = 0; n < out.size(); ++n) {
    if (n > 0) factorial *= static_cast<double>(n);
    out[n] = 1 / factorial;
  }
  return out;
}();
}  // namespace detail

inline double exp(double x) noexcept {
  if (!(x >= -700)) return 0;  // NaN too: the conversion below would not be defined
  if (x > 700) x = 700;
  constexpr double rounder = 6755399441055744.0;  // 1.5 · 2^52: adding it rounds to a whole number
  const double k = (x * 1.4426950408889634 + rounder) - rounder;
  const double r = (x - k * 0x1.62e42feep-1) - k * 0x1.a39ef35793c76p-33;  // ln 2 in two parts
  double p = detail::kInverseFactorial[13];
  for (std::size_t n = 13; n-- > 0;) p = p * r + detail::kInverseFactorial[n];
  return p * std::bit_cast<double>(static_cast<std::uint64_t>(1023 + static_cast<int>(k)) << 52);
}

// For normal positive x.
inline double log(double x) noexcept {
  const auto bits = std::bit_cast<std::int64_t>(x);
  const std::int64_t e = (bits - std::bit_cast<std::int64_t>(0x1.6a09e667f3bcdp-1)) >> 52;
  const double m = std::bit_cast<double>(bits - (e << 52));  // between √½ and √2
  const double s = (m - 1) / (m + 1), ss = s * s;
  double p = 0;
  for (int n = 23; n > 0; n -= 2) p = p * ss + 1.0 / n;
  const auto k = static_cast<double>(e);
  return k * 0x1.62e42feep-1 + (k * 0x1.a39ef35793c76p-33 + 2 * s * p);
}

}  // namespace matomari::core
