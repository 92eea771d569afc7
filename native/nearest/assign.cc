#include "nearest/assign.h"

#include <algorithm>
#include <atomic>
#include <cmath>
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
  const std::size_t step = std::max<std::size_t>(1, m.rows / 16384);
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

double assign(core::Context& ctx, const simd::Kernels& k, ConstMatrix points, ConstMatrix centroids, Metric metric,
              std::int32_t* labels, float* distances) {
  require_finite(ctx, points, "points");
  require_finite(ctx, centroids, "centroids");
  Buffer<double> inverse_norm(metric == Metric::cosine ? points.rows : 0);
  if (metric == Metric::cosine) {
    Buffer<double> ignored(centroids.rows);
    require_directions(ctx, points, "points", inverse_norm.data());
    require_directions(ctx, centroids, "centroids", ignored.data());
  }
  if (points.rows == 0) return 0;
  Buffer<float> mean(points.cols, 0.0f);
  if (metric != Metric::dot) column_means(ctx, points, inverse_norm.data(), mean.data());
  CentroidSearch search(k, metric, centroids.rows, points.cols, mean.data());
  search.set(ctx, centroids);
  Buffer<double> cc(centroids.rows);
  squared_norms(ctx, centroids, cc.data());

  std::vector<std::unique_ptr<CentroidSearch::Scratch>> scratch(ctx.threads());
  std::atomic<std::size_t> rechecked{0}, done{0};
  core::parallel_for(ctx, points.rows, 960, [&](std::size_t begin, std::size_t end, unsigned slot) {
    if (!scratch[slot]) scratch[slot] = std::make_unique<CentroidSearch::Scratch>(search);
    rechecked += search.assign(ctx, points, inverse_norm.data(), begin, end, labels, *scratch[slot]);
    for (std::size_t i = begin; i < end; ++i) {
      const auto j = static_cast<std::size_t>(labels[i]);
      const float* x = points.row(i);
      const double xx = metric == Metric::dot ? 0.0 : dot_product(x, x, points.cols);
      distances[i] = static_cast<float>(pair_value(metric, x, xx, centroids.row(j), cc[j], points.cols));
    }
    ctx.progress("assign", done += end - begin, points.rows);
  });
  return static_cast<double>(rechecked) / static_cast<double>(points.rows);
}

}  // namespace matomari
