#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "simd/kernels.h"

namespace matomari::simd::avx2 {

#include "simd/doubles256.inl"

struct Lanes : Doubles256 {
  using V = __m256;
  static constexpr Level level = Level::avx2;
  static constexpr const char* name = "avx2";
  static constexpr int roundings = 1, width = 8;
  static constexpr int row_tile = 6, panel_vectors = 2, row_tile64 = 4, panel_vectors64 = 3, few_rows = 2, few_columns = 5, sum_vectors = 8;

  static V load(const float* p) { return _mm256_loadu_ps(p); }
  static void store(float* p, V v) { _mm256_storeu_ps(p, v); }
  static void stream(float* p, V v) { _mm256_stream_ps(p, v); }
  static void fence() { _mm_sfence(); }
  static V set1(float f) { return _mm256_set1_ps(f); }
  static V fmadd(V a, V b, V c) { return _mm256_fmadd_ps(a, b, c); }
  static V fnmadd(V a, V b, V c) { return _mm256_fnmadd_ps(a, b, c); }
  static V mul(V a, V b) { return _mm256_mul_ps(a, b); }
  static V sub(V a, V b) { return _mm256_sub_ps(a, b); }
  static V less(V a, V b) { return _mm256_cmp_ps(a, b, _CMP_LT_OQ); }
  static V min(V a, V b) { return _mm256_min_ps(a, b); }
  static V max(V a, V b) { return _mm256_max_ps(a, b); }
  static V tagged(V v, std::int32_t keep, std::int32_t tag) {
    return _mm256_or_ps(_mm256_and_ps(v, _mm256_castsi256_ps(_mm256_set1_epi32(keep))), _mm256_castsi256_ps(_mm256_set1_epi32(tag)));
  }
  static float lowest(V v) {
    __m128 s = _mm_min_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_min_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_min_ss(s, _mm_movehdup_ps(s)));
  }
  static unsigned not_above(V a, V b) { return static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_NGT_UQ))); }
  static float sum(V v) {
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
  }
  static __m256i load_index(const std::int32_t* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
  static void store_index(std::int32_t* p, __m256i v) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), v); }
  static __m256i select_index(V mask, __m256i old, std::int32_t base) {
    const __m256i now = _mm256_add_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), _mm256_set1_epi32(base));
    return _mm256_castps_si256(_mm256_blendv_ps(_mm256_castsi256_ps(old), _mm256_castsi256_ps(now), mask));
  }

  static __m256i whole(D v, D r) { return _mm256_sub_epi64(_mm256_castpd_si256(v), _mm256_castpd_si256(r)); }
  static void add_bits(std::int64_t* sum, D v, D r) {
    auto* p = reinterpret_cast<__m256i*>(sum);
    _mm256_storeu_si256(p, _mm256_add_epi64(_mm256_loadu_si256(p), whole(v, r)));
  }
  static void sub_bits(std::int64_t* sum, D v, D r) {
    auto* p = reinterpret_cast<__m256i*>(sum);
    _mm256_storeu_si256(p, _mm256_sub_epi64(_mm256_loadu_si256(p), whole(v, r)));
  }
};
using PairLanes = Lanes;

#include "simd/kernels.inl"

}  // namespace matomari::simd::avx2

namespace matomari::simd {
extern const Kernels kAvx2;
const Kernels kAvx2 = avx2::table;
}  // namespace matomari::simd
