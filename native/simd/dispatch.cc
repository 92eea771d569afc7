#include <initializer_list>

#include "simd/kernels.h"
#include "simd/screens.h"

namespace matomari::simd {

extern const Kernels kScalar;
#if defined(__x86_64__)
extern const Kernels kAvx2, kAvx512;
extern const ScreenKernels kBf16, kInt8;
#elif defined(__aarch64__)
extern const Kernels kNeon;
#endif

const Kernels* kernels(Level level) noexcept {
  switch (level) {
    case Level::scalar: return &kScalar;
#if defined(__x86_64__)
    case Level::avx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &kAvx2 : nullptr;
    case Level::avx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                     __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")
                 ? &kAvx512
                 : nullptr;
    case Level::neon: return nullptr;
#elif defined(__aarch64__)
    case Level::neon: return &kNeon;
    case Level::avx2:
    case Level::avx512: return nullptr;
#else
    default: return nullptr;
#endif
  }
  return nullptr;
}

const Kernels& best_kernels() noexcept {
  for (Level level : {Level::avx512, Level::avx2, Level::neon})
    if (const Kernels* k = kernels(level)) return *k;
  return kScalar;
}

const ScreenKernels* screen_kernels(Screen screen, Level level) noexcept {
#if defined(__x86_64__)
  if (level == Level::avx512 && kernels(level)) {
    if (screen == Screen::bf16 && __builtin_cpu_supports("avx512bf16")) return &kBf16;
    if (screen == Screen::int8 && __builtin_cpu_supports("avx512vnni")) return &kInt8;
  }
#else
  (void)screen;
  (void)level;
#endif
  return nullptr;
}

const char* name(Screen screen) noexcept {
  return screen == Screen::f16 ? "f16" : screen == Screen::int8 ? "int8" : screen == Screen::bf16 ? "bf16" : "f32";
}

}  // namespace matomari::simd
