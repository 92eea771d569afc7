#include "kmeans/layers.h"

#include "core/parallel.h"

namespace matomari {

namespace {

// The second layer of x, of which `first` is packed. `error`: how far both may lie from x; `length`: that of the second.
struct Rest {
  double error, length;
  std::int32_t start;
};
Rest pack_rest(const simd::ScreenKernels& k, const float* x, std::size_t d, double norm, bool as_row, float scale, const std::uint32_t* first,
               double left, std::uint32_t* second) noexcept {
  const simd::Rounded r = k.round_rest(x, d, as_row, scale, first, second);
  const double residual = residual_norm(r.residual, d);
  // The step, the rest and what is left of it were each rounded to float32.
  return {residual + norm * 4 * kUnit32 + static_cast<double>(d) * 1e-44, left + residual, r.start};
}

}  // namespace

RowLayers::RowLayers(core::Context& ctx, const simd::Kernels& k, const RowSource& rows, const PackedRows& first)
    : depth_((rows.points.cols + 3) / 4), groups_(rows.points.rows * depth_), rows_(rows.points.rows) {
  const std::size_t d = rows.points.cols;
  const bool unit = rows.inverse_norm != nullptr;
  core::Buffer<float> work(ctx.threads() * d);
  core::parallel_for(ctx, rows.points.rows, 512, [&](std::size_t begin, std::size_t end, unsigned slot) {
    float* const x = work.data() + slot * d;
    for (std::size_t i = begin; i < end; ++i) {
      const float factor = unit ? static_cast<float>(rows.inverse_norm[i]) : 1.0f;
      const Extent e = centered(k, rows.points.row(i), rows.shift, factor, unit, d, x);
      const double left = first.extent(i).error;
      const Rest rest = pack_rest(first.kernels(), x, d, e.norm, true, first.scale(i), first.groups(i), left, groups_.data() + i * depth_);
      const double error = left < 1e18 ? e.error + rest.error : left;
      rows_[i] = {first.scale(i), at_least(e.norm), at_least(rest.length), at_least(error)};
    }
  });
}

LayeredCentroid pack_centroid(const simd::ScreenKernels& k, const double* centroid, const float* shift, std::size_t d, float* work,
                              std::uint32_t* first, std::uint32_t* second) noexcept {
  double square = 0;
  for (std::size_t l = 0; l < d; ++l) {
    const double v = centroid[l] - static_cast<double>(shift[l]);
    square += v * v;
    work[l] = static_cast<float>(v);
  }
  Extent e = rounded_once(square, d);
  const simd::Rounded one = k.round(work, d, false, first);
  const Rest rest = pack_rest(k, work, d, e.norm, false, one.scale, first, residual_norm(one.residual, d), second);
  e.error += rest.error;
  return {one.scale, {one.start, rest.start}, square / 2, e, rest.length};
}

CentroidLayers::CentroidLayers(const simd::ScreenKernels& screen, Metric metric, std::size_t clusters, std::size_t d)
    // Whole numbers, put together in float64: a few of its roundings.
    : k_(screen), bound_(0, 64 * 0x1p-29, 0, metric, d), clusters_(clusters), d_(d), depth_((d + 3) / 4), groups_(clusters * 2 * depth_),
      centroids_(clusters) {}

void CentroidLayers::set(core::Context& ctx, const double* centroids, const float* shift) {
  core::Buffer<float> work(ctx.threads() * d_);
  core::parallel_for(ctx, clusters_, 16, [&](std::size_t begin, std::size_t end, unsigned slot) {
    for (std::size_t j = begin; j < end; ++j) {
      std::uint32_t* const first = groups_.data() + j * 2 * depth_;
      centroids_[j] = pack_centroid(k_, centroids + j * d_, shift, d_, work.data() + slot * d_, first, first + depth_);
    }
  });
}

CentroidLayers::Interval CentroidLayers::score(const Row& x, std::size_t j) const noexcept {
  constexpr double kStep = 1.0 / 254;
  const LayeredCentroid& c = centroids_[j];
  const std::uint32_t* const first = groups_.data() + j * 2 * depth_;
  std::int32_t p[4];
  k_.layered_products(x.first, x.second, first, first + depth_, depth_, p);
  const auto with = [&](int n) { return static_cast<double>(p[n]) + c.start[0] + kStep * (static_cast<double>(p[n + 1]) + c.start[1]); };
  const double score = c.half - x.scale * static_cast<double>(c.scale) * (with(0) + kStep * with(2));
  const double error = bound_(x.extent, c.extent, c.half);
  return {score - error, score + error};
}

}  // namespace matomari
