#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "simd/screens.h"

namespace matomari::simd::vnni {

struct Lanes {
  // g++ keeps its own vector type in registers where it would spill an array of __m512i.
  typedef int A __attribute__((vector_size(64)));
  static constexpr Screen screen = Screen::int8;
  static constexpr const char* name = "int8";
  static constexpr std::size_t per_group = 4;
  static constexpr double value_steps = 0, score_steps = 24, flush = 0;

  static A start(const std::int32_t* p) { return (A)_mm512_loadu_si512(p); }
  static A step(A acc, __m512i a, __m512i b) { return (A)_mm512_dpbusd_epi32((__m512i)acc, a, b); }
  static __m512 score(A acc, __m512 row_scale, const float* scale, __m512 offset) {
    const __m512 product = _mm512_mul_ps(_mm512_cvtepi32_ps((__m512i)acc), _mm512_loadu_ps(scale));
    return _mm512_fnmadd_ps(row_scale, product, offset);
  }
};

#include "simd/screens.inl"

// Rounds value(l, in), the sixteen numbers from l on that `in` names, to whole numbers of steps of `scale`. The instruction wants one
// side unsigned: rows are packed with 128 added, and a target's `start`, −128 times the sum of its numbers, takes that out again.
template <class Value>
static inline __attribute__((always_inline)) Rounded round_to(float scale, float inverse, std::size_t d, bool as_row, std::uint32_t* out, Value&& value) {
  constexpr int N = 4;  // vectors of numbers that make one of bytes, and sums that do not wait for one another
  const std::size_t whole = d / (N * W) * (N * W);
  const __m512 s = _mm512_set1_ps(scale), steps = _mm512_set1_ps(inverse);
  const __m512i bias = as_row ? _mm512_set1_epi8(static_cast<char>(0x80)) : _mm512_setzero_si512(), ones = _mm512_set1_epi8(1);
  const __m512i least = _mm512_set1_epi32(-128), most = _mm512_set1_epi32(127);
  auto* const at = reinterpret_cast<std::uint8_t*>(out);
  __m512 square[N] = {};
  __m512i sum = _mm512_setzero_si512();
  // What does not fit, as of a row that is not finite once scaled, becomes the nearest that does: what is stored counts.
  const auto rounded = [&](auto n, __m512 v) __attribute__((always_inline)) {
    const __m512i q = _mm512_min_epi32(_mm512_max_epi32(_mm512_cvtps_epi32(_mm512_mul_ps(v, steps)), least), most);
    const __m512 rest = _mm512_fnmadd_ps(s, _mm512_cvtepi32_ps(q), v);
    square[n] = _mm512_fmadd_ps(rest, rest, square[n]);
    return q;
  };
  // Packing takes its lanes in turns.
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  for (std::size_t l = 0; l < whole; l += N * W) {
    __m512i q[N];
    rep<N>([&](auto n) __attribute__((always_inline)) { q[n] = rounded(n, value(l + n * W, __mmask16{0xFFFF})); });
    const __m512i bytes = _mm512_permutexvar_epi32(order, _mm512_packs_epi16(_mm512_packs_epi32(q[0], q[1]), _mm512_packs_epi32(q[2], q[3])));
    sum = _mm512_dpbusd_epi32(sum, ones, bytes);
    _mm512_storeu_si512(at + l, _mm512_xor_si512(bytes, bias));
  }
  for (std::size_t l = whole; l < d; l += W) {
    const __m128i bytes = _mm512_cvtepi32_epi8(rounded(Const<0>{}, value(l, lanes_of(l, d))));
    sum = _mm512_add_epi32(sum, _mm512_cvtepi8_epi32(bytes));
    _mm_mask_storeu_epi8(at + l, lanes_of(l, (d + 3) / 4 * 4), _mm_xor_si128(bytes, _mm512_castsi512_si128(bias)));
  }
  const __m512 squares = _mm512_add_ps(_mm512_add_ps(square[0], square[1]), _mm512_add_ps(square[2], square[3]));
  return {scale, _mm512_reduce_add_ps(squares), -128 * _mm512_reduce_add_epi32(sum)};
}

// Whole numbers from −127 to 127 times max|x| / 127.
static Rounded round(const float* x, std::size_t d, bool as_row, std::uint32_t* out) noexcept {
  constexpr int N = 4;
  const std::size_t whole = d / (N * W) * (N * W);
  __m512 most[N] = {};
  for (std::size_t l = 0; l < whole; l += N * W)
    rep<N>([&](auto n) __attribute__((always_inline)) { most[n] = _mm512_max_ps(most[n], _mm512_abs_ps(_mm512_loadu_ps(x + l + n * W))); });
  for (std::size_t l = whole; l < d; l += W) most[0] = _mm512_max_ps(most[0], _mm512_abs_ps(_mm512_maskz_loadu_ps(lanes_of(l, d), x + l)));
  const float largest = _mm512_reduce_max_ps(_mm512_max_ps(_mm512_max_ps(most[0], most[1]), _mm512_max_ps(most[2], most[3])));
  const bool flat = !(largest > 1e-30f);  // too small to have a scale: all residual
  return round_to(flat ? 0.0f : largest / 127.0f, flat ? 0.0f : 127.0f / largest, d, as_row, out,
                  [&](std::size_t l, __mmask16 in) __attribute__((always_inline)) { return _mm512_maskz_loadu_ps(in, x + l); });
}

// Sixteen numbers of a layer of a row from l on.
static inline __attribute__((always_inline)) __m512i layer(const std::uint32_t* groups, __mmask16 in, std::size_t l, __m128i bias) {
  return _mm512_cvtepi8_epi32(_mm_maskz_mov_epi8(in, _mm_xor_si128(_mm_maskz_loadu_epi8(in, reinterpret_cast<const std::int8_t*>(groups) + l), bias)));
}

static Rounded round_rest(const float* x, std::size_t d, bool as_row, float scale, const std::uint32_t* first, std::uint32_t* out) noexcept {
  const __m512 s = _mm512_set1_ps(scale);
  const __m128i bias = as_row ? _mm_set1_epi8(static_cast<char>(0x80)) : _mm_setzero_si128();
  return round_to(scale / 256, scale > 0 ? 256 / scale : 0.0f, d, as_row, out, [&](std::size_t l, __mmask16 in) __attribute__((always_inline)) {
    return _mm512_fnmadd_ps(s, _mm512_cvtepi32_ps(layer(first, in, l, bias)), _mm512_maskz_loadu_ps(in, x + l));
  });
}

static Words words(const float* x, std::size_t d, float scale, const std::uint32_t* first, const std::uint32_t* second) noexcept {
  const __m128i bias = _mm_set1_epi8(static_cast<char>(0x80));
  const __m512 inverse = _mm512_set1_ps(scale > 0 ? 256 / scale : 0.0f);
  float most = 0;
  for (std::size_t block = 0; block < d; block += kFewBlock) {
    __m512 square = _mm512_setzero_ps();
    for (std::size_t l = block; l < d && l < block + kFewBlock; l += 16) {
      const __m512 v = _mm512_mul_ps(_mm512_maskz_loadu_ps(lanes_of(l, d), x + l), inverse);
      square = _mm512_fmadd_ps(v, v, square);
    }
    const float sum = _mm512_reduce_add_ps(square);
    most = sum > most ? sum : most;
  }
  // Both layers lie within little more than a step of each number of x, and what is shifted within half a step of those: a block is
  // longer than that of x by less than 20.
  std::uint32_t shift = 0;
  for (float reach = kRowReach - 20; most > reach * reach; reach *= 2) ++shift;
  const __m512 step = _mm512_set1_ps(scale / 256 * static_cast<float>(1u << shift));
  const __m512i half = _mm512_set1_epi32((1 << shift) / 2);
  __m512 square = _mm512_setzero_ps();
  for (std::size_t l = 0; l < d; l += 16) {
    const __mmask16 in = lanes_of(l, d);
    const __m512i both = _mm512_add_epi32(_mm512_slli_epi32(layer(first, in, l, bias), 8), layer(second, in, l, bias));
    const __m512i word = _mm512_sra_epi32(_mm512_add_epi32(both, half), _mm_cvtsi32_si128(static_cast<int>(shift)));
    const __m512 rest = _mm512_fnmadd_ps(step, _mm512_cvtepi32_ps(word), _mm512_maskz_loadu_ps(in, x + l));
    square = _mm512_fmadd_ps(rest, rest, square);
  }
  return {shift, _mm512_reduce_add_ps(square)};
}

static float round_words(const float* x, std::size_t d, float scale, std::int16_t* out) noexcept {
  const __m512 step = _mm512_set1_ps(scale), inverse = _mm512_set1_ps(scale > 0 ? 1 / scale : 0.0f);
  __m512 square = _mm512_setzero_ps();
  for (std::size_t l = 0; l < d; l += 16) {
    const __mmask16 in = lanes_of(l, d);
    const __m512 v = _mm512_maskz_loadu_ps(in, x + l);
    const __m256i stored = _mm512_cvtsepi32_epi16(_mm512_cvtps_epi32(_mm512_mul_ps(v, inverse)));
    const __m512 rest = _mm512_fnmadd_ps(step, _mm512_cvtepi32_ps(_mm512_cvtepi16_epi32(stored)), v);
    square = _mm512_fmadd_ps(rest, rest, square);
    _mm256_mask_storeu_epi16(out + l, in, stored);
  }
  return _mm512_reduce_add_ps(square);
}

// The products of two layers of a row with two of a target: first · first, first · second, second · first, second · second.
static void layered_products(const std::uint32_t* first, const std::uint32_t* second, const std::uint32_t* target_first,
                             const std::uint32_t* target_second, std::size_t depth, std::int32_t* out) noexcept {
  Lanes::A sum[4] = {};
  const auto add = [&](__m512i a, __m512i b, __m512i c, __m512i d) __attribute__((always_inline)) {
    sum[0] = Lanes::step(sum[0], a, c);
    sum[1] = Lanes::step(sum[1], a, d);
    sum[2] = Lanes::step(sum[2], b, c);
    sum[3] = Lanes::step(sum[3], b, d);
  };
  std::size_t l = 0;
  for (; l + 16 <= depth; l += 16)
    add(_mm512_loadu_si512(first + l), _mm512_loadu_si512(second + l), _mm512_loadu_si512(target_first + l), _mm512_loadu_si512(target_second + l));
  if (l < depth) {
    const __mmask16 in = lanes_of(l, depth);
    add(_mm512_maskz_loadu_epi32(in, first + l), _mm512_maskz_loadu_epi32(in, second + l), _mm512_maskz_loadu_epi32(in, target_first + l),
        _mm512_maskz_loadu_epi32(in, target_second + l));
  }
  __m256i half[4];
  for (int n = 0; n < 4; ++n) half[n] = _mm256_add_epi32(_mm512_castsi512_si256((__m512i)sum[n]), _mm512_extracti64x4_epi64((__m512i)sum[n], 1));
  const __m256i pairs = _mm256_hadd_epi32(_mm256_hadd_epi32(half[0], half[1]), _mm256_hadd_epi32(half[2], half[3]));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm_add_epi32(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1)));
}

#include "simd/few.inl"

static constexpr ScreenKernels table{Lanes::screen, Lanes::name, Lanes::per_group, W, MR, NV * W, Lanes::value_steps, Lanes::score_steps, Lanes::flush,
                                     &round, &round_rest, &words, &round_words, &low_best, &low_below, &low_both, &low_rivals, &layered_products,
                                     &few_nearest};

}  // namespace matomari::simd::vnni

namespace matomari::simd {
extern const ScreenKernels kInt8;
const ScreenKernels kInt8 = vnni::table;
}  // namespace matomari::simd
