#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "simd/screens.h"

namespace matomari::simd::bf16 {

struct Lanes {
  using A = __m512;
  static constexpr Screen screen = Screen::bf16;
  static constexpr const char* name = "bf16";
  static constexpr std::size_t per_group = 2;
  static constexpr double value_steps = 2, score_steps = 24, flush = 0x1p-124;

  static A start(const std::int32_t*) { return _mm512_setzero_ps(); }
  static A step(A acc, __m512i a, __m512i b) { return _mm512_dpbf16_ps(acc, (__m512bh)a, (__m512bh)b); }
  static __m512 score(A acc, __m512, const float*, __m512 offset) {
    return _mm512_sub_ps(offset, acc);
  }
};

#include "simd/screens.inl"

// Rounds to nearest even. Denormal numbers become zero here already, as they would in the product.
static Rounded round(const float* x, std::size_t d, bool, std::uint32_t* out) noexcept {
  auto* const at = reinterpret_cast<std::uint16_t*>(out);
  __m512 square = _mm512_setzero_ps();
  for (std::size_t l = 0; l < d; l += 16) {
    const __mmask16 in = lanes_of(l, d);
    const __m512 v = _mm512_maskz_loadu_ps(in, x + l);
    const __m256i packed = (__m256i)_mm512_cvtneps_pbh(v);
    const __m512 back = _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(packed), 16));
    const __m512 rest = _mm512_sub_ps(v, back);
    square = _mm512_fmadd_ps(rest, rest, square);
    _mm256_mask_storeu_epi16(at + l, lanes_of(l, (d + 1) / 2 * 2), packed);
  }
  return {1.0f, _mm512_reduce_add_ps(square), 0};
}

// Two layers of bf16 would not be exact: nothing works with them.
static constexpr ScreenKernels table{Lanes::screen, Lanes::name, Lanes::per_group, W, MR, NV * W, Lanes::value_steps, Lanes::score_steps, Lanes::flush,
                                     &round, nullptr, nullptr, nullptr, &low_best, &low_below, &low_both, &low_rivals, nullptr, nullptr};

}  // namespace matomari::simd::bf16

namespace matomari::simd {
extern const ScreenKernels kBf16;
const ScreenKernels kBf16 = bf16::table;
}  // namespace matomari::simd
