#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "simd/kernels.h"

namespace matomari::simd::avx512 {

struct Lanes {
  using V = __m512;
  using D = __m512d;
  static constexpr Level level = Level::avx512;
  static constexpr const char* name = "avx512";
  static constexpr int roundings = 1, width = 16, width64 = 8;
  static constexpr int row_tile = 8, panel_vectors = 3, row_tile64 = 8, panel_vectors64 = 3, few_rows = 4, few_columns = 6, sum_vectors = 4;

  static V load(const float* p) { return _mm512_loadu_ps(p); }
  static void store(float* p, V v) { _mm512_storeu_ps(p, v); }
  static void stream(float* p, V v) { _mm512_stream_ps(p, v); }
  static void fence() { _mm_sfence(); }
  static V set1(float f) { return _mm512_set1_ps(f); }
  static V fmadd(V a, V b, V c) { return _mm512_fmadd_ps(a, b, c); }
  static V fnmadd(V a, V b, V c) { return _mm512_fnmadd_ps(a, b, c); }
  static V mul(V a, V b) { return _mm512_mul_ps(a, b); }
  static V sub(V a, V b) { return _mm512_sub_ps(a, b); }
  static __mmask16 less(V a, V b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
  static V min(V a, V b) { return _mm512_min_ps(a, b); }
  static V max(V a, V b) { return _mm512_max_ps(a, b); }
  static V tagged(V v, std::int32_t keep, std::int32_t tag) {
    return _mm512_castsi512_ps(_mm512_ternarylogic_epi32(_mm512_castps_si512(v), _mm512_set1_epi32(keep), _mm512_set1_epi32(tag), 0xEA));
  }
  static float lowest(V v) { return _mm512_reduce_min_ps(v); }
  static unsigned not_above(V a, V b) { return _mm512_cmp_ps_mask(a, b, _CMP_NGT_UQ); }
  static float sum(V v) { return _mm512_reduce_add_ps(v); }
  static __m512i load_index(const std::int32_t* p) { return _mm512_loadu_si512(p); }
  static void store_index(std::int32_t* p, __m512i v) { _mm512_storeu_si512(p, v); }
  static __m512i select_index(__mmask16 mask, __m512i old, std::int32_t base) {
    const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    return _mm512_mask_add_epi32(old, mask, lane, _mm512_set1_epi32(base));
  }

  static D loadd(const double* p) { return _mm512_loadu_pd(p); }
  static void stored(double* p, D v) { _mm512_storeu_pd(p, v); }
  static D set1d(double f) { return _mm512_set1_pd(f); }
  static D fmaddd(D a, D b, D c) { return _mm512_fmadd_pd(a, b, c); }
  static D addd(D a, D b) { return _mm512_add_pd(a, b); }
  static D muld(D a, D b) { return _mm512_mul_pd(a, b); }
  static D widen(const float* p) { return _mm512_cvtps_pd(_mm256_loadu_ps(p)); }
  static __m512i whole(D v, D r) { return _mm512_sub_epi64(_mm512_castpd_si512(v), _mm512_castpd_si512(r)); }
  static void add_bits(std::int64_t* sum, D v, D r) {
    _mm512_storeu_si512(sum, _mm512_add_epi64(_mm512_loadu_si512(sum), whole(v, r)));
  }
  static void sub_bits(std::int64_t* sum, D v, D r) {
    _mm512_storeu_si512(sum, _mm512_sub_epi64(_mm512_loadu_si512(sum), whole(v, r)));
  }
};
// Half of a register: transposing whole ones takes longer.
#include "simd/doubles256.inl"
using PairLanes = Doubles256;

#include "simd/kernels.inl"

}  // namespace matomari::simd::avx512

namespace matomari::simd {
extern const Kernels kAvx512;
const Kernels kAvx512 = avx512::table;
}  // namespace matomari::simd
