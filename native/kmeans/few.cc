#include "kmeans/few.h"

#include <algorithm>

namespace matomari {

namespace {

simd::OfLength of_length(const Quadratic& q) noexcept { return {at_least(q.square), at_least(q.linear), at_least(q.constant)}; }

}  // namespace

Few::Few(core::Context& ctx, const simd::Kernels& k, Metric metric, std::size_t clusters, const RowSource& rows, const PackedRows& first)
    : k_(first.kernels()), bound_(0, kSteps, 0, metric, rows.points.cols), clusters_(clusters), d_(rows.points.cols), depth_((d_ + 3) / 4),
      first_(first), second_(ctx, k, rows, first), groups_(depth_ * clusters * 2), targets_(clusters),
      panel_{groups_.data(), clusters, depth_, targets_.data(), 0, of_length(bound_.of_rows()), of_length(usual_loss(d_))} {}

void Few::set(const double* centroids, const float* shift) {
  std::vector<float> work(d_);
  std::vector<std::uint32_t> first(depth_), second(depth_);
  double longest = 0, highest = 0;
  for (std::size_t j = 0; j < clusters_; ++j) {
    const LayeredCentroid c = pack_centroid(k_, centroids + j * d_, shift, d_, work.data(), first.data(), second.data());
    std::uint32_t* const to = groups_.data() + 2 * j;
    for (std::size_t l = 0; l < depth_; ++l) {
      to[l * 2 * clusters_] = first[l];
      to[l * 2 * clusters_ + 1] = second[l];
    }
    const double length = c.extent.norm + c.rest;
    const double margin = bound_.of_column(c.extent, c.half);
    targets_[j] = {at_most(c.half - margin), at_least(margin), c.scale, at_least(c.extent.norm), at_least(c.rest),
                   at_least(bound_.error({length, c.extent.error})), {c.start[0], c.start[0] + c.start[1]}};
    longest = std::max(longest, length + c.extent.error);
    highest = std::max(highest, c.half);
  }
  // No score may overflow. Written so that NaN and what is infinite leave nothing known.
  panel_.longest = longest < 1e18 && highest < 1e36 ? at_most(std::min(1e18, 1e36 / (longest + 1e-18))) : 0.0f;
}

void Few::assign(const core::Context& ctx, const std::vector<std::uint32_t>& ids, std::int32_t* labels, CentroidSearch::Margins margins,
                 std::vector<std::uint32_t>& open) const {
  std::int32_t index[simd::kFewRows];
  float upper[simd::kFewRows], lower[simd::kFewRows];
  const simd::LayeredRows rows = second_.view(first_);
  for (std::size_t at = 0; at < ids.size(); at += simd::kFewRows) {
    ctx.check();
    const std::uint32_t* const some = ids.data() + at;
    const std::size_t left = ids.size() - at, count = std::min(left, simd::kFewRows);
    const std::uint32_t settled = k_.few_nearest(rows, some, count, left, panel_, {index, upper, lower});
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t row = some[i];
      if (!(settled >> i & 1)) {
        open.push_back(row);
        continue;
      }
      labels[row] = index[i];
      margins.upper[row] = upper[i];
      margins.lower[row] = lower[i];
    }
  }
}

}  // namespace matomari
