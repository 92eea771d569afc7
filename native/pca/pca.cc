#include "pca/pca.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "core/buffer.h"
#include "core/finite.h"
#include "core/parallel.h"
#include "pca/eigen.h"

namespace matomari {

using core::Buffer;
using core::ConstMatrix;

namespace {

constexpr std::size_t kChunk = 512;  // rows added up in registers before they join the sums: part of the result
constexpr std::size_t kRows = 32;

class Covariance {
 public:
  Covariance(core::Context& ctx, const simd::Kernels& k, ConstMatrix points, float scale)
      : ctx_(ctx), k_(k), points_(points), scale_(scale), d_(points.cols), panels_((d_ + k.panel64) / k.panel64),
        ld_(panels_ * k.panel64), shift_(d_), sums_(d_ * ld_, 0.0) {
    // Any centre near the mean will do, the rest is corrected below: it only keeps digits from cancelling.
    const std::size_t sample = std::min<std::size_t>(points.rows, 1024);
    for (std::size_t l = 0; l < d_; ++l) {
      double sum = 0;
      for (std::size_t i = 0; i < sample; ++i) sum += static_cast<double>(points.row(i)[l]);
      shift_[l] = static_cast<float>(sum / static_cast<double>(sample)) * scale;
    }
  }

  // The covariance of x' [d × d] and its mean [d]; returns the trace.
  double compute(double* matrix, double* rest) {
    add_up();
    finish(matrix, rest);
    double trace = 0;
    for (std::size_t l = 0; l < d_; ++l) trace += matrix[l * d_ + l];
    return trace;
  }

  const float* shift() const noexcept { return shift_.data(); }
  float scale() const noexcept { return scale_; }

 private:
  // Σ x'x'ᵀ, with Σ x' as column d, for x' = x · scale − shift rounded to float32.
  void add_up() {
    Buffer<float> rows(ctx_.threads() * d_), flipped(d_ * kChunk);
    Buffer<double> panels(ld_ * kChunk);
    const std::size_t width = k_.panel64;
    for (std::size_t first = 0; first < points_.rows; first += kChunk) {
      const std::size_t count = std::min(kChunk, points_.rows - first);
      core::parallel_for(ctx_, count, 32, [&](std::size_t begin, std::size_t end, unsigned slot) {
        float* const x = rows.data() + slot * d_;
        for (std::size_t i = begin; i < end; ++i) {
          k_.center(points_.row(first + i), shift_.data(), scale_, d_, x);
          for (std::size_t l = 0; l < d_; ++l) flipped[l * kChunk + i] = x[l];
          for (std::size_t l = 0; l < ld_; ++l)
            panels[l / width * width * kChunk + i * width + l % width] =
                l < d_ ? static_cast<double>(x[l]) : l == d_ ? 1.0 : 0.0;
        }
      });
      core::parallel_for(ctx_, d_, kRows, [&](std::size_t begin, std::size_t end, unsigned) {
        for (std::size_t p = begin / width; p < panels_; ++p)
          k_.dot64(flipped.data() + begin * kChunk, kChunk, end - begin, panels.data() + p * width * kChunk, count,
                   sums_.data() + begin * ld_ + p * width, ld_, true);
      });
      ctx_.progress("pca", first + count, points_.rows);
    }
  }

  void finish(double* matrix, double* rest) const {
    const auto n = static_cast<double>(points_.rows);
    for (std::size_t l = 0; l < d_; ++l) rest[l] = sums_[l * ld_ + d_] / n;
    for (std::size_t i = 0; i < d_; ++i)
      for (std::size_t j = i; j < d_; ++j) {
        const double v = points_.rows > 1 ? (sums_[i * ld_ + j] - n * rest[i] * rest[j]) / (n - 1) : 0.0;
        matrix[i * d_ + j] = matrix[j * d_ + i] = v;
      }
  }

  core::Context& ctx_;
  const simd::Kernels& k_;
  ConstMatrix points_;
  float scale_;
  std::size_t d_, panels_, ld_;
  Buffer<float> shift_;
  Buffer<double> sums_;
};

}  // namespace

void pca(core::Context& ctx, const simd::Kernels& k, ConstMatrix points, std::size_t count, const PcaResult& out) {
  require_finite(ctx, points, "points");
  const std::size_t d = points.cols;
  Buffer<double> matrix(d * d), rest(d), values(count), vectors(count * d);
  auto covariance = std::make_unique<Covariance>(ctx, k, points, 1.0f);
  double total = covariance->compute(matrix.data(), rest.data());
  if (!std::isfinite(total)) {
    // Near the largest float32 a difference of two may be beyond it, but not half a difference.
    covariance = std::make_unique<Covariance>(ctx, k, points, 0.5f);
    total = covariance->compute(matrix.data(), rest.data());
  }
  if (!std::isfinite(total)) throw core::Error(core::Code::bad_input, "points was written to while the operation ran");
  const float* const shift = covariance->shift();
  const float scale = covariance->scale();
  const double unscale = 1 / static_cast<double>(scale);
  largest_eigenpairs(ctx, matrix.data(), d, count, values.data(), vectors.data());

  for (std::size_t l = 0; l < d; ++l)
    out.mean[l] = static_cast<float>((static_cast<double>(shift[l]) + rest[l]) * unscale);
  for (std::size_t c = 0; c < count; ++c) {
    const double* v = vectors.data() + c * d;
    std::size_t most = 0;
    for (std::size_t l = 1; l < d; ++l)
      if (std::abs(v[l]) > std::abs(v[most])) most = l;
    for (std::size_t l = 0; l < d; ++l) out.components[c * d + l] = static_cast<float>(v[most] < 0 ? -v[l] : v[l]);
    const double variance = values[c] > 0 ? values[c] : 0.0;
    out.variance[c] = static_cast<float>(variance * unscale * unscale);
    out.variance_ratio[c] = total > 0 ? static_cast<float>(variance / total) : 0.0f;
  }

  // Coordinates from the rounded components: their products with float32 rows are exact.
  const std::size_t width = k.panel64, panels = (count + width - 1) / width;
  Buffer<double> packed(panels * width * d), offset(panels * width, 0.0);
  for (std::size_t c = 0; c < panels * width; ++c)
    for (std::size_t l = 0; l < d; ++l) {
      const double v = c < count ? static_cast<double>(out.components[c * d + l]) : 0.0;
      packed[c / width * width * d + l * width + c % width] = v;
      offset[c] += rest[l] * v;
    }
  Buffer<float> rows(ctx.threads() * kRows * d);
  Buffer<double> tiles(ctx.threads() * kRows * width);
  core::parallel_for(ctx, points.rows, kRows, [&](std::size_t begin, std::size_t end, unsigned slot) {
    float* const x = rows.data() + slot * kRows * d;
    double* const tile = tiles.data() + slot * kRows * width;
    for (std::size_t i = begin; i < end; ++i) k.center(points.row(i), shift, scale, d, x + (i - begin) * d);
    for (std::size_t p = 0; p < panels; ++p) {
      k.dot64(x, d, end - begin, packed.data() + p * width * d, d, tile, width, false);
      for (std::size_t i = begin; i < end; ++i)
        for (std::size_t c = p * width; c < std::min(count, (p + 1) * width); ++c)
          out.embedding[i * count + c] = static_cast<float>((tile[(i - begin) * width + c - p * width] - offset[c]) * unscale);
    }
  });
}

}  // namespace matomari
