#include "kmeans/layers.h"

#include "core/parallel.h"

namespace matomari {

namespace {

std::size_t leading(std::size_t depth) noexcept { return depth % 128 == 0 ? depth + 16 : depth; }

// How far both layers may lie from x, of which a kernel has left `square`.
double error_of(float square, double norm, std::size_t d) noexcept {
  // The step, the rest and what is left of it were each rounded to float32.
  return residual_norm(square, d) + norm * 4 * kUnit32 + static_cast<double>(d) * 1e-44;
}

}  // namespace

RowLayers::RowLayers(std::size_t rows, std::size_t d, bool as_words)
    : d_(d), ld_(leading((d + 3) / 4)), as_words_(as_words), groups_(rows * ld_), rows_(rows) {}

void RowLayers::pack(const PackedRows& first, std::size_t row, const float* x, const Extent& extent) noexcept {
  const simd::ScreenKernels& s = first.kernels();
  const float scale = first.scale(row);
  std::uint32_t* const second = groups_.data() + row * ld_;
  simd::Words words{0, s.round_rest(x, d_, true, scale, first.groups(row), second).residual};
  if (as_words_) words = s.words(x, d_, scale, first.groups(row), second);
  const double left = first.extent(row).error;
  const double error = left < 1e18 ? extent.error + error_of(words.residual, extent.norm, d_) : left;
  rows_[row] = {scale / 256 * static_cast<float>(1u << words.shift), at_least(extent.norm), at_least(error), words.shift};
}

simd::LayeredRows RowLayers::view(const PackedRows& first) const noexcept {
  const simd::ScreenRows all = first.from(0);
  return {all.groups, all.ld, groups_.data(), ld_, rows_.data(), rows_.size()};
}

CentroidLayers::CentroidLayers(const simd::ScreenKernels& screen, Metric metric, std::size_t clusters, std::size_t d)
    // Whole numbers, put together in float64: a few of its roundings.
    : k_(screen), bound_(0, 64 * 0x1p-29, 0, metric, d), clusters_(clusters), d_(d), depth_((d + 3) / 4), groups_(clusters * 2 * depth_),
      centroids_(clusters) {}

void CentroidLayers::set(core::Context& ctx, const double* centroids, const float* shift) {
  core::Buffer<float> work(ctx.threads() * d_);
  core::parallel_for(ctx, clusters_, 16, [&](std::size_t begin, std::size_t end, unsigned slot) {
    float* const x = work.data() + slot * d_;
    for (std::size_t j = begin; j < end; ++j) {
      double square = 0;
      for (std::size_t l = 0; l < d_; ++l) {
        const double v = centroids[j * d_ + l] - static_cast<double>(shift[l]);
        square += v * v;
        x[l] = static_cast<float>(v);
      }
      std::uint32_t* const first = groups_.data() + j * 2 * depth_;
      const simd::Rounded one = k_.round(x, d_, false, first), two = k_.round_rest(x, d_, false, one.scale, first, first + depth_);
      Extent e = rounded_once(square, d_);
      e.error += error_of(two.residual, e.norm, d_);
      centroids_[j] = {one.scale, {one.start, two.start}, square / 2, e};
    }
  });
}

CentroidLayers::Interval CentroidLayers::score(const Row& x, std::size_t j) const noexcept {
  const Centroid& c = centroids_[j];
  const std::uint32_t* const first = groups_.data() + j * 2 * depth_;
  std::int32_t p[4];
  k_.layered_products(x.first, x.second, first, first + depth_, depth_, p);
  const auto with = [&](int n) { return 256 * (static_cast<double>(p[n]) + c.start[0]) + (static_cast<double>(p[n + 1]) + c.start[1]); };
  const double score = c.half - static_cast<double>(x.scale) * static_cast<double>(c.scale) * 0x1p-16 * (256 * with(0) + with(2));
  const double error = bound_(x.extent, c.extent, c.half);
  return {score - error, score + error};
}

}  // namespace matomari
