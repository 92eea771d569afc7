// The machine's own ceilings, for the benchmark to hold results against: the rates of fused multiply-adds in float32 and
// float64, of bf16 and int8 products where the processor has them, and the rate at which memory is read, each with one
// thread and with all. Prints one JSON object; what the processor lacks is null.
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <thread>
#include <vector>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace {

#if defined(__AVX512F__)
constexpr std::size_t kBytes = 64;
#elif defined(__AVX__)
constexpr std::size_t kBytes = 32;
#else
constexpr std::size_t kBytes = 16;
#endif
template <class T>
constexpr std::size_t kLanes = kBytes / sizeof(T);
using Vector = float __attribute__((vector_size(kBytes)));
using Vector64 = double __attribute__((vector_size(kBytes)));

// A sink that the optimiser cannot see through.
volatile double sink;

template <class T, class V>
double sum(V v) {
  double total = 0;
  for (std::size_t i = 0; i < kLanes<T>; ++i) total += static_cast<double>(v[i]);
  return total;
}

// A value that the optimiser must take as it comes: equal chains would be computed once.
template <class T, class V>
V opaque(T value) {
  V v;
  for (std::size_t i = 0; i < kLanes<T>; ++i) v[i] = value;
  asm volatile("" : "+m"(v));
  return v;
}

// Twelve independent chains hide the latency of the unit. Float32 or float64.
template <class T, class V>
void multiplyAdd(std::size_t steps) {
  auto start = [](int n) { return opaque<T, V>(static_cast<T>(n)); };
  const V x = opaque<T, V>(static_cast<T>(0.999)), y = opaque<T, V>(static_cast<T>(0.001));
  V a = start(1), b = start(2), c = start(3), d = start(4), e = start(5), f = start(6);
  V g = start(7), h = start(8), i = start(9), j = start(10), k = start(11), l = start(12);
  for (std::size_t step = 0; step < steps; ++step) {
    a = a * x + y; b = b * x + y; c = c * x + y; d = d * x + y; e = e * x + y; f = f * x + y;
    g = g * x + y; h = h * x + y; i = i * x + y; j = j * x + y; k = k * x + y; l = l * x + y;
  }
  sink = sum<T>(a + b + c + d + e + f + g + h + i + j + k + l);
}

// Of bf16 and int8 products: one takes up to six cycles, and two begin in each.
constexpr std::size_t kChains = 24;

#if defined(__x86_64__)
#define CHAINS(sums, step)                                      \
  _Pragma("GCC unroll 24") for (auto& v : sums) v = step(v);    \
  _Pragma("GCC unroll 24") for (auto& v : sums) asm volatile("" : "+v"(v))

__attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16"))) void productsBf16(std::size_t steps) {
  __m512i value = _mm512_set1_epi32(0x3F803F80);
  asm volatile("" : "+m"(value));
  const __m512bh x = (__m512bh)value;
  __m512 sums[kChains] = {};
#define STEP(v) _mm512_dpbf16_ps(v, x, x)
  for (std::size_t step = 0; step < steps; ++step) {
    CHAINS(sums, STEP);
  }
#undef STEP
}

__attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni"))) void productsInt8(std::size_t steps) {
  __m512i x = _mm512_set1_epi32(0x01010101);
  asm volatile("" : "+m"(x));
  __m512i sums[kChains] = {};
#define STEP(v) _mm512_dpbusd_epi32(v, x, x)
  for (std::size_t step = 0; step < steps; ++step) {
    CHAINS(sums, STEP);
  }
#undef STEP
}
#endif

void readAll(const float* data, std::size_t count) {
  Vector a{}, b{}, c{}, d{};
  const char* at = reinterpret_cast<const char*>(data);
  const char* end = at + count * sizeof(float);
  for (; at + 4 * kBytes <= end; at += 4 * kBytes) {
    Vector v[4];
    std::memcpy(v, at, sizeof v);
    a += v[0]; b += v[1]; c += v[2]; d += v[3];
  }
  sink = sum<float>(a + b + c + d);
}

// The shortest of several runs of `work` on so many threads at once, in seconds.
double shortest(int threads, const std::function<void(int)>& work) {
  double best = 1e9;
  for (int run = 0; run < 7; ++run) {
    const auto start = std::chrono::steady_clock::now();
    std::vector<std::thread> pool;
    for (int t = 0; t < threads; ++t) pool.emplace_back(work, t);
    for (auto& thread : pool) thread.join();
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    if (time.count() < best) best = time.count();
  }
  return best;
}

using Products = void (*)(std::size_t steps);

// Additions and multiplications, in 10^9 a second, where a step does so many products.
double rate(Products products, std::size_t per_step, int threads) {
  constexpr std::size_t steps = 8'000'000;
  const double seconds = shortest(threads, [&](int) { products(steps); });
  return 2.0 * static_cast<double>(per_step * steps) * threads / seconds / 1e9;
}

void print(const char* name, Products products, std::size_t per_step, int threads) {
  if (!products) return static_cast<void>(std::printf("\"%s1\":null,\"%s\":null,", name, name));
  std::printf("\"%s1\":%.1f,\"%s\":%.1f,", name, rate(products, per_step, 1), name, rate(products, per_step, threads));
}

double readRate(const std::vector<float>& data, int threads) {
  const std::size_t part = data.size() / static_cast<std::size_t>(threads);
  const double seconds = shortest(threads, [&](int t) { readAll(data.data() + part * static_cast<std::size_t>(t), part); });
  return static_cast<double>(part * static_cast<std::size_t>(threads) * sizeof(float)) / seconds / 1e9;
}

}  // namespace

int main(int argc, char** argv) {
  const int threads = argc > 1 ? std::atoi(argv[1]) : static_cast<int>(std::thread::hardware_concurrency());
  const std::vector<float> data(std::size_t{1} << 27, 1.0F);  // 512 MiB, far beyond any cache
  Products bf16 = nullptr, int8 = nullptr;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bf16")) bf16 = productsBf16;
  if (__builtin_cpu_supports("avx512vnni")) int8 = productsInt8;
#endif
  std::printf("{");
  print("gflops", multiplyAdd<float, Vector>, 12 * kLanes<float>, threads);
  print("gflops64", multiplyAdd<double, Vector64>, 12 * kLanes<double>, threads);
  print("gopsBf16", bf16, kChains * 32, threads);
  print("gopsInt8", int8, kChains * 64, threads);
  std::printf("\"readGBs1\":%.1f,\"readGBs\":%.1f,\"threads\":%d}\n", readRate(data, 1), readRate(data, threads), threads);
}
