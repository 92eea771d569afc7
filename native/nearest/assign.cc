#include "nearest/assign.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "core/buffer.h"
#include "core/finite.h"
#include "core/parallel.h"
#include "distances/distances.h"
#include "nearest/centroid_search.h"

namespace matomari {

using core::Buffer;
using core::ConstMatrix;

void require_directions(core::Context& ctx, ConstMatrix m, const char* name, double* inverse_norm) {
  squared_norms(ctx, m, inverse_norm);
  for (std::size_t i = 0; i < m.rows; ++i) {
    if (inverse_norm[i] == 0)
      throw core::Error(core::Code::bad_input, std::string(name) + " holds a zero vector at row " + std::to_string(i) +
                                                   ", which has no direction for metric 'cosine': remove the row, or "
                                                   "use metric 'euclidean'");
    inverse_norm[i] = 1 / std::sqrt(inverse_norm[i]);
  }
}

void column_means(core::Context& ctx, ConstMatrix m, const double* inverse_norm, float* mean) {
  // Only a centre to subtract, so a sample of rows will do: every result is the same whatever the centre.
  const std::size_t step = std::max<std::size_t>(1, m.rows / 1024);
  std::vector<double> sum(m.cols, 0.0);
  std::size_t count = 0;
  for (std::size_t i = 0; i < m.rows; i += step, ++count) {
    if (count % 256 == 0) ctx.check();
    const double s = inverse_norm ? inverse_norm[i] : 1.0;
    const float* x = m.row(i);
    for (std::size_t l = 0; l < m.cols; ++l) sum[l] += s * static_cast<double>(x[l]);
  }
  for (std::size_t l = 0; l < m.cols; ++l) mean[l] = static_cast<float>(sum[l] / static_cast<double>(count));
}

namespace {

constexpr std::size_t kGrain = 192;  // rows a thread takes at once: whole blocks of the search, few enough to share out evenly

// As require_directions, from sums in any order: enough to scale rows for a screen.
void scales(core::Context& ctx, const simd::Kernels& k, ConstMatrix points, double* inverse_norm) {
  std::atomic<bool> zero{false};
  core::parallel_for(ctx, points.rows, kGrain, [&](std::size_t begin, std::size_t end, unsigned) {
    const float* x[kGrain] = {};
    double square[kGrain] = {};
    const std::size_t count = end - begin;
    for (std::size_t i = 0; i < count; ++i) x[i] = points.row(begin + i);
    k.unordered64(x, x, count, points.cols, square, square);
    for (std::size_t i = 0; i < count; ++i) inverse_norm[begin + i] = 1 / std::sqrt(square[i]);
    if (std::find(square, square + count, 0.0) != square + count) zero.store(true, std::memory_order_relaxed);
  });
  if (zero.load()) require_directions(ctx, points, "points", inverse_norm);
}

// Whether the distance belongs to these sums, in whatever order each was added: each is off by no more than γ_d of its magnitudes
// from the true one, and so twice that from the one in index order; as 2|xc| ≤ x² + c², `off` exceeds that for both. What is made of
// them never falls where one of them rises, its roundings neither, so that two ends with the same float32 leave no other between.
bool settled(Metric metric, std::size_t d, double product, double xx, double cc, float& distance) {
  const double step = (static_cast<double>(d) + 8) * 0x1p-52, nothing = std::numeric_limits<double>::quiet_NaN();
  const auto value = [&](double p, double square) { return pair_value(metric, p, square, cc, [&] { return nothing; }); };
  double low, high;
  if (metric == Metric::cosine) {
    // The sums leave the cosine within 3 γ_d, roots, product and quotient within nine more roundings.
    const double v = value(product, xx);
    low = v - 2 * step;
    high = v + 2 * step;
  } else {
    const double off = step * (xx + cc);
    low = value(product + off, xx - off);
    high = value(product - off, xx + off);
  }
  distance = static_cast<float>(low);
  const auto other = static_cast<float>(high);
  return distance == other && std::signbit(distance) == std::signbit(other);
}

// distances[i] of the rows of [begin, end) to the centroids that their labels name. squares: ‖c‖² of each. False where a row holds
// what is not a finite number: its product with the centroid is none either.
bool measure(const simd::Kernels& k, ConstMatrix points, ConstMatrix centroids, const double* squares, Metric metric,
             std::size_t begin, std::size_t end, const std::int32_t* labels, float* distances) {
  const float *x[kGrain] = {}, *c[kGrain] = {};
  double product[kGrain], square[kGrain] = {};
  std::size_t row[kGrain];
  const std::size_t count = end - begin, d = points.cols;
  const auto centroid = [&](std::size_t i) { return static_cast<std::size_t>(labels[i]); };
  for (std::size_t i = 0; i < count; ++i) {
    x[i] = points.row(begin + i);
    c[i] = centroids.row(centroid(begin + i));
  }
  k.unordered64(x, c, count, d, product, square);
  bool finite = true;
  std::size_t left = 0;
  for (std::size_t i = 0; i < count; ++i) {
    finite &= std::isfinite(product[i]);
    if (settled(metric, d, product[i], square[i], squares[centroid(begin + i)], distances[begin + i])) continue;
    x[left] = x[i];
    c[left] = c[i];
    row[left++] = begin + i;
  }
  // In index order.
  k.products64(x, c, left, d, product);
  k.products64(x, x, left, d, square);
  for (std::size_t i = 0; i < left; ++i)
    distances[row[i]] = static_cast<float>(pair_value(metric, product[i], square[i], squares[centroid(row[i])],
                                                      [&] { return squared_difference(x[i], c[i], d); }));
  return finite;
}

}  // namespace

Assigned assign(core::Context& ctx, const simd::Kernels& k, ConstMatrix points, ConstMatrix centroids, Metric metric,
                std::int32_t* labels, float* distances, ScreenWish wish) {
  require_finite(ctx, centroids, "centroids");
  Buffer<double> inverse_norm(metric == Metric::cosine ? points.rows : 0);
  if (metric == Metric::cosine) {
    Buffer<double> ignored(centroids.rows);
    scales(ctx, k, points, inverse_norm.data());
    require_directions(ctx, centroids, "centroids", ignored.data());
  }
  Assigned out;
  if (points.rows == 0) return out;
  Buffer<float> mean(points.cols, 0.0f);
  if (metric != Metric::dot) column_means(ctx, points, inverse_norm.data(), mean.data());
  // The points are looked through as they go by, but that one number which is none does not spoil the centre of all.
  if (!std::all_of(mean.begin(), mean.end(), [](float v) { return std::isfinite(v); })) require_finite(ctx, points, "points");
  const CentroidSearch::Rows rows{points, inverse_norm.data()};
  std::unique_ptr<CentroidSearch> search;
  auto use = [&](simd::Screen screen) {
    search = std::make_unique<CentroidSearch>(k, metric, centroids.rows, points.cols, mean.data(), screen);
    search->set(ctx, centroids);
  };
  use(choose_screen(k, wish, centroids.rows, points.cols));
  while (wish == ScreenWish::automatic && search->screen() != simd::Screen::f32) {
    const simd::Screen next = next_by_sample(ctx, *search, rows, labels);
    if (next == search->screen()) break;
    use(next);
  }
  Buffer<double> squares(centroids.rows);
  squared_norms(ctx, centroids, squares.data());

  std::vector<std::unique_ptr<CentroidSearch::Scratch>> scratch(ctx.threads());
  std::atomic<std::size_t> rechecked{0}, done{0};
  std::atomic<bool> finite{true};
  core::parallel_for(ctx, points.rows, kGrain, [&](std::size_t begin, std::size_t end, unsigned slot) {
    if (!finite.load(std::memory_order_relaxed)) return;
    if (!scratch[slot]) scratch[slot] = std::make_unique<CentroidSearch::Scratch>(*search);
    rechecked += search->assign(ctx, rows, begin, end, labels, {}, *scratch[slot]).rows;
    if (!measure(k, points, centroids, squares.data(), metric, begin, end, labels, distances)) finite.store(false, std::memory_order_relaxed);
    ctx.progress("assign", done += end - begin, points.rows);
  });
  if (!finite.load()) {
    require_finite(ctx, points, "points");
    throw core::Error(core::Code::bad_input, "points was written to while the operation ran");
  }
  out.rechecked_share = static_cast<double>(rechecked) / static_cast<double>(points.rows);
  out.screen = search->screen();
  return out;
}

}  // namespace matomari
