// The floor: vectors of four floats as the compiler's own vector type, which every platform has (SSE2, NEON). No fused
// multiply-add, so that every machine gives the same bits.
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <cstddef>
#include <cstdint>

#include "simd/kernels.h"

namespace matomari::simd::scalar {

struct Lanes {
  typedef float V __attribute__((vector_size(16)));
  typedef std::int32_t I __attribute__((vector_size(16)));
  typedef double D __attribute__((vector_size(16)));
  typedef std::int64_t Q __attribute__((vector_size(16)));
  static constexpr Level level = Level::scalar;
  static constexpr const char* name = "scalar";
  static constexpr int roundings = 2, width = 4, width64 = 2;
  static constexpr int row_tile = 4, panel_vectors = 2, row_tile64 = 4, panel_vectors64 = 2, few_rows = 2, few_columns = 4, sum_vectors = 8;

  template <class T, class P>
  static T get(const P* p) {
    T v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
  }
  template <class T, class P>
  static void put(P* p, T v) {
    __builtin_memcpy(p, &v, sizeof v);
  }
  static V load(const float* p) { return get<V>(p); }
  static void store(float* p, V v) { put(p, v); }
#if defined(__SSE2__)
  static void stream(float* p, V v) { _mm_stream_ps(p, (__m128)v); }
  static void fence() { _mm_sfence(); }
#else
  static void stream(float* p, V v) { put(p, v); }
  static void fence() {}
#endif
  static V set1(float f) { return V{f, f, f, f}; }
  static V fmadd(V a, V b, V c) { return a * b + c; }
  static V fnmadd(V a, V b, V c) { return c - a * b; }
  static V mul(V a, V b) { return a * b; }
  static V sub(V a, V b) { return a - b; }
  static I less(V a, V b) { return a < b; }
  static V min(V a, V b) { return a < b ? a : b; }
  static V max(V a, V b) { return a > b ? a : b; }
  static V tagged(V v, std::int32_t keep, std::int32_t tag) { return (V)(((I)v & keep) | tag); }
  static float lowest(V v) {
    const V two = min(v, V{v[2], v[3], v[2], v[3]});
    return two[0] < two[1] ? two[0] : two[1];
  }
  static unsigned not_above(V a, V b) {
    const I above = a > b;  // −1 in each lane where it is
    return static_cast<unsigned>(15 + above[0] + 2 * above[1] + 4 * above[2] + 8 * above[3]);
  }
  static float sum(V v) { return (v[0] + v[1]) + (v[2] + v[3]); }
  static I load_index(const std::int32_t* p) { return get<I>(p); }
  static void store_index(std::int32_t* p, I v) { put(p, v); }
  static I select_index(I mask, I old, std::int32_t base) { return mask ? I{base, base + 1, base + 2, base + 3} : old; }

  static D loadd(const double* p) { return get<D>(p); }
  static void stored(double* p, D v) { put(p, v); }
  static D set1d(double f) { return D{f, f}; }
  static D fmaddd(D a, D b, D c) { return a * b + c; }
  static D addd(D a, D b) { return a + b; }
  static D subd(D a, D b) { return a - b; }
  static D muld(D a, D b) { return a * b; }
  static void transpose(D (&v)[2]) {
    const D low = {v[0][0], v[1][0]}, high = {v[0][1], v[1][1]};
    v[0] = low;
    v[1] = high;
  }
  static D widen(const float* p) { return D{static_cast<double>(p[0]), static_cast<double>(p[1])}; }
  static void add_bits(std::int64_t* sum, D v, D r) { put(sum, get<Q>(sum) + ((Q)v - (Q)r)); }
  static void sub_bits(std::int64_t* sum, D v, D r) { put(sum, get<Q>(sum) - ((Q)v - (Q)r)); }
};
using PairLanes = Lanes;

#include "simd/kernels.inl"

}  // namespace matomari::simd::scalar

namespace matomari::simd {
extern const Kernels kScalar;
const Kernels kScalar = scalar::table;
}  // namespace matomari::simd
