#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>

#include "core/host_device.h"

namespace matomari::core {

// The sign of a sum of products of two float32 numbers in real arithmetic, as ExactSum gives it, without a list that grows:
// a fixed-point number that holds every bit such a product can have (Kulisch: Computer Arithmetic and Validity, 2008). For
// up to 2^31 terms of the form 2^e · product, e at most 1.
class WideSum {
 public:
  MATOMARI_HD void clear() noexcept {
    for (std::int64_t& limb : limbs_) limb = 0;
  }

  // x must be a multiple of 2^-298 below 2^258, and no denormal number.
  MATOMARI_HD void add(double x) noexcept {
    const auto bits = std::bit_cast<std::uint64_t>(x);
    const int exponent = static_cast<int>(bits >> 52 & 0x7FF);
    if (exponent == 0) return;  // zero
    const std::uint64_t mantissa = (bits & ((std::uint64_t{1} << 52) - 1)) | std::uint64_t{1} << 52;
    const int position = exponent - 1075 - kLowest;  // of the mantissa's lowest bit
    const int limb = position / 32, shift = position % 32;
    const std::uint64_t low = mantissa << shift;
    const std::uint64_t high = shift > 0 ? mantissa >> (64 - shift) : 0;
    const std::int64_t sign = bits >> 63 ? -1 : 1;
    limbs_[limb] += sign * static_cast<std::int64_t>(low & 0xFFFFFFFF);
    limbs_[limb + 1] += sign * static_cast<std::int64_t>(low >> 32);
    limbs_[limb + 2] += sign * static_cast<std::int64_t>(high);
  }

  MATOMARI_HD int sign() const noexcept {
    std::int64_t carry = 0;
    bool any = false;
    for (const std::int64_t limb : limbs_) {
      const std::int64_t whole = limb + carry;
      any |= (whole & 0xFFFFFFFF) != 0;
      carry = whole >> 32;
    }
    return carry < 0 ? -1 : any || carry > 0 ? 1 : 0;
  }

 private:
  static constexpr int kLowest = -352;  // the lowest bit of a 53-bit mantissa whose value is 2^-298
  static constexpr int kLimbs = 22;     // up to bit 2^(32 · 22 − 352) = 2^352
  std::int64_t limbs_[kLimbs] = {};
};

}  // namespace matomari::core
