#include "kmeans/layers.h"


#include "core/parallel.h"

namespace matomari {

namespace {

// Takes scale · first from x, and packs the rest. Returns how far scale · first + what is packed may lie from x.
double pack_rest(const simd::ScreenKernels& k, float* x, std::size_t d, double norm, bool as_row, float scale, const std::uint32_t* first,
                 std::uint32_t* second, simd::Rounded& rounded) {
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(first);
  const int bias = as_row ? 0x80 : 0;
  for (std::size_t l = 0; l < d; ++l) x[l] -= scale * static_cast<float>(static_cast<std::int8_t>(bytes[l] ^ bias));
  rounded = k.round(x, d, as_row, second);
  // scale · first and the difference were each rounded to float32.
  return residual_norm(rounded.residual, d) + norm * 4 * kUnit32 + static_cast<double>(d) * 1e-44;
}

}  // namespace

RowLayers::RowLayers(core::Context& ctx, const simd::Kernels& k, const RowSource& rows, const PackedRows& first)
    : depth_((rows.points.cols + 3) / 4), groups_(rows.points.rows * depth_), scale_(rows.points.rows), error_(rows.points.rows) {
  const std::size_t d = rows.points.cols;
  const bool unit = rows.inverse_norm != nullptr;
  core::Buffer<float> work(ctx.threads() * d);
  core::parallel_for(ctx, rows.points.rows, 512, [&](std::size_t begin, std::size_t end, unsigned slot) {
    float* const x = work.data() + slot * d;
    for (std::size_t i = begin; i < end; ++i) {
      const float factor = unit ? static_cast<float>(rows.inverse_norm[i]) : 1.0f;
      const Extent e = centered(k, rows.points.row(i), rows.shift, factor, unit, d, x);
      simd::Rounded second;
      const double rest = pack_rest(first.kernels(), x, d, e.norm, true, first.scale(i), first.groups(i), groups_.data() + i * depth_, second);
      scale_[i] = second.scale;
      error_[i] = at_least(e.error + rest);
    }
  });
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
      Centroid& c = centroids_[j];
      std::uint32_t* const first = groups_.data() + j * 2 * depth_;
      const simd::Rounded one = k_.round(x, d_, false, first);
      Extent e = rounded_once(square, d_);
      simd::Rounded two;
      const double rest = pack_rest(k_, x, d_, e.norm, false, one.scale, first, first + depth_, two);
      e.error += rest;
      c = {{one.scale, two.scale}, {one.start, two.start}, square / 2, e};
    }
  });
}

CentroidLayers::Interval CentroidLayers::score(const Row& x, std::size_t j) const noexcept {
  const Centroid& c = centroids_[j];
  const std::uint32_t* const first = groups_.data() + j * 2 * depth_;
  std::int32_t p[4];
  k_.layered_products(x.first, x.second, first, first + depth_, depth_, p);
  const auto with = [&](int n) {
    return static_cast<double>(c.scale[0]) * (static_cast<double>(p[n]) + c.start[0]) + static_cast<double>(c.scale[1]) * (static_cast<double>(p[n + 1]) + c.start[1]);
  };
  const double score = c.half - (static_cast<double>(x.scale_first) * with(0) + static_cast<double>(x.scale_second) * with(2));
  const double error = bound_(x.extent, c.extent, c.half);
  return {score - error, score + error};
}

}  // namespace matomari
