// The machine's own ceilings, for the benchmark to hold results against: the float32 fused multiply-add rate and the
// rate at which memory is read, each with one thread and with all. Prints one JSON object.
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace {

#if defined(__AVX512F__)
constexpr std::size_t kBytes = 64;
#elif defined(__AVX__)
constexpr std::size_t kBytes = 32;
#else
constexpr std::size_t kBytes = 16;
#endif
constexpr std::size_t kLanes = kBytes / sizeof(float);
using Vector = float __attribute__((vector_size(kBytes)));

// A sink that the optimiser cannot see through.
volatile float sink;

float sum(Vector v) {
  float total = 0;
  for (std::size_t i = 0; i < kLanes; ++i) total += v[i];
  return total;
}

Vector splat(float value) {
  Vector v;
  for (std::size_t i = 0; i < kLanes; ++i) v[i] = value;
  return v;
}

// A value that the optimiser must take as it comes: equal chains would be computed once.
Vector opaque(float value) {
  Vector v = splat(value);
  asm volatile("" : "+m"(v));
  return v;
}

// Twelve independent chains hide the latency of the unit.
void multiplyAdd(std::size_t steps) {
  const Vector x = opaque(0.999F), y = opaque(0.001F);
  Vector a = opaque(1), b = opaque(2), c = opaque(3), d = opaque(4), e = opaque(5), f = opaque(6);
  Vector g = opaque(7), h = opaque(8), i = opaque(9), j = opaque(10), k = opaque(11), l = opaque(12);
  for (std::size_t step = 0; step < steps; ++step) {
    a = a * x + y; b = b * x + y; c = c * x + y; d = d * x + y; e = e * x + y; f = f * x + y;
    g = g * x + y; h = h * x + y; i = i * x + y; j = j * x + y; k = k * x + y; l = l * x + y;
  }
  sink = sum(a + b + c + d + e + f + g + h + i + j + k + l);
}

void readAll(const float* data, std::size_t count) {
  Vector a{}, b{}, c{}, d{};
  const char* at = reinterpret_cast<const char*>(data);
  const char* end = at + count * sizeof(float);
  for (; at + 4 * kBytes <= end; at += 4 * kBytes) {
    Vector v[4];
    std::memcpy(v, at, sizeof v);
    a += v[0]; b += v[1]; c += v[2]; d += v[3];
  }
  sink = sum(a + b + c + d);
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

double gflops(int threads) {
  constexpr std::size_t steps = 15'000'000;
  const double seconds = shortest(threads, [](int) { multiplyAdd(steps); });
  return 2.0 * 12 * kLanes * steps * threads / seconds / 1e9;
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
  std::printf("{\"gflops1\":%.1f,\"gflops\":%.1f,\"readGBs1\":%.1f,\"readGBs\":%.1f,\"threads\":%d}\n", gflops(1),
              gflops(threads), readRate(data, 1), readRate(data, threads), threads);
}
