#include "umap/initial.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "core/buffer.h"
#include "core/elementary.h"
#include "core/parallel.h"
#include "core/philox.h"
#include "core/sort.h"
#include "pca/pca.h"
#include "umap/spectral_init.h"

namespace matomari {

using core::Buffer;
using core::ConstMatrix;

namespace {

constexpr double kSide = 10;
constexpr double kNoise = 1e-4;  // breaks ties between rows that start in one place

// Row i's numbers, the sum of four uniform ones each: nearly normal, mean 0 and variance 1.
double noise(std::size_t i, std::size_t c, std::uint64_t seed) {
  const auto r = core::philox({static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(i >> 32), static_cast<std::uint32_t>(c),
                               static_cast<std::uint32_t>(core::Stream::umap_noise)}, seed);
  double sum = 0;
  for (const std::uint32_t v : r) sum += static_cast<double>(v) * 0x1p-32 - 0.5;
  return sum * 1.7320508075688772;
}

// Each coordinate from 0 to 10.
void fill_square(double* at, std::size_t n, std::size_t dims) {
  for (std::size_t c = 0; c < dims; ++c) {
    double low = at[c], high = at[c];
    for (std::size_t i = 0; i < n; ++i) {
      low = std::min(low, at[i * dims + c]);
      high = std::max(high, at[i * dims + c]);
    }
    const double scale = high > low ? kSide / (high - low) : 0.0;
    for (std::size_t i = 0; i < n; ++i) at[i * dims + c] = (at[i * dims + c] - low) * scale;
  }
}

// umap-learn's noisy_scale_coords.
void scale_and_shake(double* at, std::size_t n, std::size_t dims, std::uint64_t seed) {
  double most = 0;
  for (std::size_t e = 0; e < n * dims; ++e) most = std::max(most, std::abs(at[e]));
  const double scale = most > 0 ? kSide / most : 0.0;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t c = 0; c < dims; ++c) at[i * dims + c] = at[i * dims + c] * scale + kNoise * noise(i, c, seed);
}

void pca_init(core::Context& ctx, const simd::Kernels& k, ConstMatrix points, Metric metric, std::size_t dims, double* out) {
  const std::size_t n = points.rows, d = points.cols;
  Buffer<float> unit(metric == Metric::cosine ? points.size() : 0);
  if (metric == Metric::cosine) {
    core::parallel_for(ctx, n, 256, [&](std::size_t begin, std::size_t end, unsigned) {
      for (std::size_t i = begin; i < end; ++i) {
        double square = 0;
        for (std::size_t l = 0; l < d; ++l) square += static_cast<double>(points.row(i)[l]) * static_cast<double>(points.row(i)[l]);
        const double scale = square > 0 ? 1 / std::sqrt(square) : 0.0;
        for (std::size_t l = 0; l < d; ++l) unit[i * d + l] = static_cast<float>(static_cast<double>(points.row(i)[l]) * scale);
      }
    });
    points.data = unit.data();
  }
  Buffer<float> mean(d), components(dims * d), variance(dims), ratio(dims), embedding(n * dims);
  pca(ctx, k, points, dims, {mean.data(), components.data(), variance.data(), ratio.data(), embedding.data()});
  std::copy(embedding.begin(), embedding.end(), out);
}

bool has_equal_rows(core::Context& ctx, ConstMatrix m) {
  std::vector<std::size_t> order(m.rows);
  std::iota(order.begin(), order.end(), std::size_t{0});
  core::sort_in_pieces(ctx, order, [&](std::size_t a, std::size_t b) {
    const auto [p, q] = std::mismatch(m.row(a), m.row(a) + m.cols, m.row(b));
    return p == m.row(a) + m.cols ? a < b : *p < *q;
  });
  return std::adjacent_find(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
           return std::equal(m.row(a), m.row(a) + m.cols, m.row(b));
         }) != order.end();
}

}  // namespace

UmapInit initial_positions(core::Context& ctx, const simd::Kernels& k, ConstMatrix points, const Graph& graph,
                           const UmapOptions& options, core::MutableMatrix out) {
  const std::size_t n = points.rows, dims = out.cols;
  Buffer<double> at(n * dims);
  UmapInit used = options.init;
  if (used == UmapInit::spectral && (dims >= n || !connected(ctx, graph))) used = UmapInit::pca;
  if (used == UmapInit::pca && dims > std::min(n, points.cols)) used = UmapInit::random;
  switch (used) {
    case UmapInit::spectral:
      ctx.progress("spectral", 0, 1);
      spectral_init(ctx, graph, dims, at.data());
      scale_and_shake(at.data(), n, dims, options.seed);
      ctx.progress("spectral", 1, 1);
      break;
    case UmapInit::pca:
      pca_init(ctx, k, points, options.metric, dims, at.data());
      scale_and_shake(at.data(), n, dims, options.seed);
      break;
    case UmapInit::random:
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t c = 0; c < dims; ++c)
          at[i * dims + c] = static_cast<double>(core::philox({static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(i >> 32), static_cast<std::uint32_t>(c),
                                          static_cast<std::uint32_t>(core::Stream::umap_random)}, options.seed)[0]);
      break;
    case UmapInit::given: std::copy_n(options.initial, n * dims, at.data()); break;
  }
  fill_square(at.data(), n, dims);
  // Rows given in one place would stay together: a thousandth of the distance that n rows keep in this square.
  if (used == UmapInit::given && has_equal_rows(ctx, {options.initial, n, dims})) {
    const double apart = kSide / core::exp(core::log(static_cast<double>(n)) / static_cast<double>(dims));
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t c = 0; c < dims; ++c) at[i * dims + c] += 5e-4 * apart * noise(i, c, options.seed);
  }
  for (std::size_t e = 0; e < n * dims; ++e) out.data[e] = static_cast<float>(at[e]);
  return used;
}

}  // namespace matomari
