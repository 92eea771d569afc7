#pragma once
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "core/philox.h"
#include "simd/kernels.h"

// A test program without Node and without a framework: it runs wherever a compiler makes a binary, under sanitizers and
// under emulation. TEST(name) { … CHECK(condition); … }
namespace matomari::test {

struct Test {
  const char* name;
  void (*run)();
};
inline std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}
struct Register {
  Register(const char* name, void (*run)()) { tests().push_back({name, run}); }
};

inline bool quick = false;  // less data
inline int checks = 0, failures = 0;
inline void check(bool ok, const char* what, const char* file, int line) {
  ++checks;
  if (ok) return;
  ++failures;
  if (failures <= 40) std::printf("%s:%d: %s\n", file, line, what);
}

#define TEST(name)                                                       \
  static void name();                                                    \
  static const ::matomari::test::Register register_##name(#name, &name); \
  static void name()
#define CHECK(condition) ::matomari::test::check(static_cast<bool>(condition), #condition, __FILE__, __LINE__)

// The levels that this machine runs, lowest first.
inline std::vector<const simd::Kernels*> levels() {
  std::vector<const simd::Kernels*> all;
  for (simd::Level level : {simd::Level::scalar, simd::Level::avx2, simd::Level::avx512, simd::Level::neon})
    if (const simd::Kernels* k = simd::kernels(level)) all.push_back(k);
  return all;
}

// Numbers that are the same on every platform: additions and products of whole numbers only.
class Numbers {
 public:
  explicit Numbers(std::uint64_t seed) : seed_(seed) {}
  std::uint32_t bits() {
    if (at_ % 4 == 0) block_ = core::philox({static_cast<std::uint32_t>(at_ / 4), 0, 0, 77}, seed_);
    return block_[at_++ % 4];
  }
  // [0, 1)
  float uniform() { return static_cast<float>(bits() >> 8) * 0x1p-24f; }
  // Nearly normal: the sum of eight uniform numbers, of variance 2/3.
  float bell() {
    float sum = -4;
    for (int i = 0; i < 8; ++i) sum += uniform();
    return sum;
  }
  std::size_t below(std::size_t n) { return bits() % n; }

 private:
  std::uint64_t seed_, at_ = 0;
  std::array<std::uint32_t, 4> block_{};
};

// FNV-1a over the bytes of whatever is added.
class Hash {
 public:
  void add(const void* data, std::size_t bytes) {
    const auto* p = static_cast<const unsigned char*>(data);
    for (std::size_t i = 0; i < bytes; ++i) value_ = (value_ ^ p[i]) * 0x100000001b3;
  }
  template <class T>
  void add(const std::vector<T>& v) {
    add(v.data(), v.size() * sizeof(T));
  }
  template <class T>
  void add(const T& v) {
    static_assert(std::is_arithmetic_v<T>);
    add(&v, sizeof v);
  }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325;
};

}  // namespace matomari::test
