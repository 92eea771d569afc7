#include <arm_neon.h>

#include <cstddef>
#include <cstdint>

#include "simd/kernels.h"

namespace matomari::simd::neon {

struct Lanes {
  using V = float32x4_t;
  using D = float64x2_t;
  static constexpr Level level = Level::neon;
  static constexpr const char* name = "neon";
  static constexpr int roundings = 1, width = 4, width64 = 2;
  static constexpr int row_tile = 6, panel_vectors = 3, row_tile64 = 4, panel_vectors64 = 4, few_rows = 4, few_columns = 5, sum_vectors = 16;

  static V load(const float* p) { return vld1q_f32(p); }
  static void store(float* p, V v) { vst1q_f32(p, v); }
  static void stream(float* p, V v) { vst1q_f32(p, v); }
  static void fence() {}
  static V set1(float f) { return vdupq_n_f32(f); }
  static V fmadd(V a, V b, V c) { return vfmaq_f32(c, a, b); }
  static V fnmadd(V a, V b, V c) { return vfmsq_f32(c, a, b); }
  static V mul(V a, V b) { return vmulq_f32(a, b); }
  static V sub(V a, V b) { return vsubq_f32(a, b); }
  static uint32x4_t less(V a, V b) { return vcltq_f32(a, b); }
  static V min(V a, V b) { return vminq_f32(a, b); }
  static V max(V a, V b) { return vmaxq_f32(a, b); }
  static V tagged(V v, std::int32_t keep, std::int32_t tag) {
    const int32x4_t kept = vandq_s32(vreinterpretq_s32_f32(v), vdupq_n_s32(keep));
    return vreinterpretq_f32_s32(vorrq_s32(kept, vdupq_n_s32(tag)));
  }
  static float lowest(V v) { return vminvq_f32(v); }
  static unsigned not_above(V a, V b) {
    const uint32x4_t bit = {1, 2, 4, 8};
    return vaddvq_u32(vbicq_u32(bit, vcgtq_f32(a, b)));
  }
  static float sum(V v) { return vaddvq_f32(v); }
  static int32x4_t load_index(const std::int32_t* p) { return vld1q_s32(p); }
  static void store_index(std::int32_t* p, int32x4_t v) { vst1q_s32(p, v); }
  static int32x4_t select_index(uint32x4_t mask, int32x4_t old, std::int32_t base) {
    const int32x4_t lane = {0, 1, 2, 3};
    return vbslq_s32(mask, vaddq_s32(lane, vdupq_n_s32(base)), old);
  }

  static D loadd(const double* p) { return vld1q_f64(p); }
  static void stored(double* p, D v) { vst1q_f64(p, v); }
  static D set1d(double f) { return vdupq_n_f64(f); }
  static D fmaddd(D a, D b, D c) { return vfmaq_f64(c, a, b); }
  static D addd(D a, D b) { return vaddq_f64(a, b); }
  static D subd(D a, D b) { return vsubq_f64(a, b); }
  static void transpose(D (&v)[2]) {
    const D low = vtrn1q_f64(v[0], v[1]), high = vtrn2q_f64(v[0], v[1]);
    v[0] = low;
    v[1] = high;
  }
  static D muld(D a, D b) { return vmulq_f64(a, b); }
  static D widen(const float* p) { return vcvt_f64_f32(vld1_f32(p)); }
  static int64x2_t whole(D v, D r) { return vsubq_s64(vreinterpretq_s64_f64(v), vreinterpretq_s64_f64(r)); }
  static void add_bits(std::int64_t* sum, D v, D r) { vst1q_s64(sum, vaddq_s64(vld1q_s64(sum), whole(v, r))); }
  static void sub_bits(std::int64_t* sum, D v, D r) { vst1q_s64(sum, vsubq_s64(vld1q_s64(sum), whole(v, r))); }
};
using PairLanes = Lanes;

#include "simd/kernels.inl"

}  // namespace matomari::simd::neon

namespace matomari::simd {
extern const Kernels kNeon;
const Kernels kNeon = neon::table;
}  // namespace matomari::simd
