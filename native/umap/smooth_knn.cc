#include "umap/smooth_knn.h"

#include <algorithm>
#include <cmath>

#include "core/buffer.h"
#include "core/elementary.h"
#include "core/parallel.h"

namespace matomari {

namespace {

constexpr double kTolerance = 1e-5, kLeast = 1e-3;
constexpr int kSteps = 64;

float nearest_other(const float* d, std::size_t k, double local_connectivity) {
  const float* const other = std::find_if(d, d + k, [](float v) { return v > 0; });
  const auto count = static_cast<std::size_t>(d + k - other);
  if (count == 0) return 0;
  if (static_cast<double>(count) < local_connectivity) return other[count - 1];
  const auto index = static_cast<std::size_t>(local_connectivity);
  const double between = local_connectivity - static_cast<double>(index);
  if (index == 0) return static_cast<float>(between * static_cast<double>(other[0]));
  const auto rho = static_cast<double>(other[index - 1]);
  if (!(between > kTolerance)) return other[index - 1];
  return static_cast<float>(rho + between * (static_cast<double>(other[index]) - rho));
}

double bandwidth(const float* d, std::size_t k, float rho, double target) {
  double low = 0, high = INFINITY, mid = 1;
  for (int step = 0; step < kSteps; ++step) {
    double sum = 0;
    for (std::size_t j = 1; j < k; ++j) {
      const float beyond = d[j] - rho;
      sum += beyond > 0 ? core::exp(-(static_cast<double>(beyond) / mid)) : 1.0;
    }
    if (std::abs(sum - target) < kTolerance) break;
    if (sum > target) {
      high = mid;
      mid = (low + high) / 2;
    } else {
      low = mid;
      mid = high == INFINITY ? mid * 2 : (low + high) / 2;
    }
  }
  return mid;
}

}  // namespace

void smooth_knn(core::Context& ctx, const float* distances, std::size_t rows, std::size_t k, double local_connectivity,
                float* sigma, float* rho) {
  core::Buffer<double> sums(rows);
  const double target = core::log(static_cast<double>(k)) / 0x1.62e42fefa39efp-1;
  core::parallel_for(ctx, rows, 256, [&](std::size_t begin, std::size_t end, unsigned) {
    for (std::size_t i = begin; i < end; ++i) {
      const float* const d = distances + i * k;
      double sum = 0;
      for (std::size_t j = 0; j < k; ++j) sum += static_cast<double>(d[j]);
      sums[i] = sum;
      rho[i] = nearest_other(d, k, local_connectivity);
      double found = bandwidth(d, k, rho[i], target);
      if (rho[i] > 0) found = std::max(found, kLeast * sum / static_cast<double>(k));
      sigma[i] = static_cast<float>(found);
    }
  });
  double all = 0;
  for (std::size_t i = 0; i < rows; ++i) all += sums[i];
  const auto least = static_cast<float>(kLeast * all / static_cast<double>(rows * k));
  for (std::size_t i = 0; i < rows; ++i)
    if (!(rho[i] > 0)) sigma[i] = std::max(sigma[i], least);
}

}  // namespace matomari
