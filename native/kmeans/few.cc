#include "kmeans/few.h"

#include <algorithm>
#include <cmath>

namespace matomari {

namespace {

simd::OfLength of_length(const Quadratic& q) noexcept { return {at_least(q.square), at_least(q.linear), at_least(q.constant)}; }

}  // namespace

Few::Few(Metric metric, std::size_t clusters, core::ConstMatrix points, const PackedRows& first, const RowLayers& second)
    : k_(first.kernels()), bound_(kStepsOfColumn, kSteps, 0, metric, points.cols), points_(points), clusters_(clusters), d_(points.cols),
      depth_((d_ + 3) / 4), rows_(second.view(first)), pairs_(2 * depth_ * clusters), targets_(clusters),
      panel_{pairs_.data(), clusters, depth_, targets_.data(), 0, of_length(bound_.of_rows()), of_length(kUsualGain), of_length(usual_loss(d_))} {}

void Few::set(const double* centroids, const float* shift) {
  std::vector<float> work(d_);
  std::vector<std::int16_t> words(4 * depth_, 0);
  double longest = 0, highest = 0;
  for (std::size_t j = 0; j < clusters_; ++j) {
    double square = 0, longest_block = 0, largest = 0;
    for (std::size_t block = 0; block < d_; block += simd::kFewBlock) {
      double of_block = 0;
      for (std::size_t l = block; l < std::min(d_, block + simd::kFewBlock); ++l) {
        const double v = centroids[j * d_ + l] - static_cast<double>(shift[l]);
        of_block += v * v;
        largest = std::max(largest, std::abs(v));
        work[l] = static_cast<float>(v);
      }
      square += of_block;
      longest_block = std::max(longest_block, std::sqrt(of_block));
    }
    // Rounding makes a block longer by less than 6 steps, as with rows. What is too small to have a scale is all error.
    const double least = std::max(largest / 32766, longest_block / (static_cast<double>(simd::kTargetReach) - 6));
    const float scale = least > 1e-34 && least < 1e30 ? at_least(least) : 0.0f;
    const float residual = k_.round_words(work.data(), d_, scale, words.data());
    const auto pair = [&](std::size_t l) { return static_cast<std::uint32_t>(static_cast<std::uint16_t>(words[l])) | static_cast<std::uint32_t>(words[l + 2]) << 16; };
    for (std::size_t l = 0; l < 2 * depth_; ++l) pairs_[l * clusters_ + j] = pair(l / 2 * 4 + l % 2);
    Extent e = rounded_once(square, d_);
    e.error += residual_norm(residual, d_);
    const double half = square / 2, margin = bound_.of_column(e, half);
    targets_[j] = {at_most(half - margin), at_least(margin), scale, at_least(e.norm), at_least(bound_.error(e))};
    longest = std::max(longest, e.norm + e.error);
    highest = std::max(highest, half);
  }
  // No score may overflow. Written so that nothing is known where a number is not finite.
  panel_.longest = longest < 1e18 && highest < 1e36 ? at_most(std::min(1e18, 1e36 / (longest + 1e-18))) : 0.0f;
}

void Few::assign(const core::Context& ctx, const std::vector<std::uint32_t>& ids, const std::int32_t* previous, std::int32_t* labels,
                 CentroidSearch::Margins margins, std::vector<std::uint32_t>& open) const {
  std::int32_t index[simd::kFewRows];
  float upper[simd::kFewRows], lower[simd::kFewRows];
  for (std::size_t at = 0; at < ids.size(); at += simd::kFewRows) {
    ctx.check();
    const std::uint32_t* const some = ids.data() + at;
    const std::size_t left = ids.size() - at, count = std::min(left, simd::kFewRows);
    const std::uint32_t settled = k_.few_nearest(rows_, some, count, left, panel_, {index, upper, lower});
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t row = some[i];
      if (!(settled >> i & 1)) {
        open.push_back(row);
        continue;
      }
      if (index[i] != previous[row] && previous[row] >= 0)
        for (std::size_t l = 0; l < d_; l += 16) __builtin_prefetch(points_.row(row) + l, 0, 2);
      labels[row] = index[i];
      margins.upper[row] = upper[i];
      margins.lower[row] = lower[i];
    }
  }
}

}  // namespace matomari
