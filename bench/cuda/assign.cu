// Assign on resident points, without Node: the time of one iteration (targets packed, screen, recheck) on the first device,
// beside what it left in doubt. `assign ROWS COLS CLUSTERS`. Prints one JSON object; the upload is timed apart.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <vector>

#include "core/philox.h"
#include "cuda/prepare.h"
#include "cuda/runtime.h"
#include "cuda/search.h"

using namespace matomari;
using namespace matomari::cuda;

namespace {

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Rows around as many middles, nearly normal.
std::vector<float> blobs(std::size_t rows, std::size_t d, std::size_t middles) {
  auto bell = [](std::uint32_t row, std::uint32_t column, std::uint32_t kind) {
    const auto r = core::philox({row, column, kind, 1}, 7);
    double sum = 0;
    for (const std::uint32_t each : r) sum += static_cast<double>(each);
    return static_cast<float>(sum * 0x1p-32 - 2);
  };
  std::vector<float> out(rows * d);
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t l = 0; l < d; ++l)
      out[i * d + l] = bell(static_cast<std::uint32_t>(i % middles), static_cast<std::uint32_t>(l), 0) +
                       0.7f * bell(static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(l), 1);
  return out;
}

void run(std::size_t n, std::size_t d, std::size_t k) {
  const std::vector<float> host = blobs(std::min<std::size_t>(n, 65536), d, k);
  const MatomariCudaJob job{nullptr, [](void*) { return false; }, [](void*, const char*, std::uint64_t, std::uint64_t) {}};
  const Session session(0, job);
  const DeviceBuffer<float> points(session, n * d), targets(session, k * d), mean(session, d);
  const DeviceBuffer<std::int32_t> labels(session, n);
  Search search(session, Metric::sqeuclidean, k, d, mean.data(), n);
  const PackedRows packed(session, n, d);
  const double begin = seconds();
  for (std::size_t at = 0; at < n * d; at += host.size()) points.upload(host.data(), std::min(host.size(), n * d - at), at);
  targets.upload(host.data(), std::min(host.size(), k * d));
  session.wait();
  const double uploaded = seconds();
  column_means(session, points.data(), n, d, nullptr, mean.data());
  search.pack(points.data(), nullptr, n, packed);
  session.wait();
  const double ready = seconds();
  std::vector<double> took;
  std::size_t open = 0;
  for (int turn = 0; turn < 7; ++turn) {
    const double start = seconds();
    search.set(targets.data());
    open = search.assign(points.data(), nullptr, n, packed, labels.data());
    session.wait();
    took.push_back(seconds() - start);
  }
  std::sort(took.begin(), took.end());
  const double median = took[took.size() / 2];
  std::printf("{\"rows\": %zu, \"cols\": %zu, \"clusters\": %zu, \"ms\": %.3f, \"tflops\": %.1f, \"rechecked\": %zu, \"uploadMs\": %.1f, \"packMs\": %.1f}\n",
              n, d, k, median * 1e3, 2e-12 * static_cast<double>(n) * static_cast<double>(d) * static_cast<double>(k) / median, open,
              (uploaded - begin) * 1e3, (ready - uploaded) * 1e3);
}

}  // namespace

int main(int count, char** arguments) {
  auto number = [&](int i, std::size_t otherwise) { return count > i ? std::strtoull(arguments[i], nullptr, 10) : otherwise; };
  try {
    run(number(1, 1000000), number(2, 768), number(3, 1000));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
