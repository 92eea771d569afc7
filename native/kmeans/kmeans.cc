#include "kmeans/kmeans.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/buffer.h"
#include "core/finite.h"
#include "core/parallel.h"
#include "kmeans/assignment.h"
#include "kmeans/centroid_sums.h"
#include "kmeans/centroid_update.h"
#include "kmeans/row_sums.h"
#include "kmeans/seeding.h"
#include "nearest/assign.h"

namespace matomari {

using core::Buffer;
using core::ConstMatrix;

namespace {

constexpr std::size_t kGrain = 960;  // rows a thread takes at once

// The largest magnitude in each column of row · factor, over all rows. Without a factor, not finite where a number of that column is none.
void column_bounds(core::Context& ctx, ConstMatrix m, const double* factor, double* out) {
  const std::size_t d = m.cols;
  // As long as no factor rounds, by the bits without the sign, which are in order with the numbers; NaN comes last.
  Buffer<std::int32_t> plain(factor ? 0 : ctx.threads() * d, 0);
  Buffer<double> scaled(factor ? ctx.threads() * d : 0, 0.0);
  core::parallel_for(ctx, m.rows, kGrain, [&](std::size_t begin, std::size_t end, unsigned slot) {
    for (std::size_t i = begin; i < end; ++i) {
      const float* x = m.row(i);
      if (factor) {
        double* const most = scaled.data() + slot * d;
        for (std::size_t l = 0; l < d; ++l) most[l] = std::max(most[l], std::abs(static_cast<double>(x[l]) * factor[i]));
      } else {
        std::int32_t* const most = plain.data() + slot * d;
        for (std::size_t l = 0; l < d; ++l) most[l] = std::max(most[l], std::bit_cast<std::int32_t>(x[l]) & 0x7FFFFFFF);
      }
    }
  });
  for (std::size_t l = 0; l < d; ++l) {
    double most = 0;
    std::int32_t bits = 0;
    for (std::size_t t = 0; t < ctx.threads(); ++t) {
      if (factor)
        most = std::max(most, scaled[t * d + l]);
      else
        bits = std::max(bits, plain[t * d + l]);
    }
    out[l] = factor ? most : static_cast<double>(std::bit_cast<float>(bits));
  }
}

class Fit {
 public:
  Fit(core::Context& ctx, const simd::Kernels& k, ConstMatrix points, const KMeansOptions& options)
      : ctx_(ctx), k_(k), points_(points), options_(options), n_(points.rows), d_(points.cols), kc_(options.clusters),
        inverse_norm_(options.cosine ? n_ : 0), factor_(options.cosine || options.weight ? n_ : 0), bounds_(d_),
        mean_(d_), centroids_(kc_ * d_), previous_(kc_ * d_), labels_(n_), next_labels_(n_) {
    if (factor()) require_finite(ctx, points, "points");
    if (options.weight) largest_weight_ = check_weights(options.weight, n_);
    if (options.cosine) require_directions(ctx, points, "points", inverse_norm_.data());
    for (std::size_t i = 0; i < factor_.size(); ++i)
      factor_[i] = (options.cosine ? inverse_norm_[i] : 1.0) * (options.weight ? static_cast<double>(options.weight[i]) : 1.0);
    column_bounds(ctx, points, factor(), bounds_.data());
    if (!std::all_of(bounds_.begin(), bounds_.end(), [](double v) { return std::isfinite(v); })) require_finite(ctx, points, "points");
    if (options.init == KMeansInit::given) {
      require_finite(ctx, {options.initial, kc_, d_}, "init");
      if (options.cosine) {
        Buffer<double> ignored(kc_);
        require_directions(ctx, {options.initial, kc_, d_}, "init", ignored.data());
      }
    }
    column_means(ctx, points, inverse_norm(), mean_.data());
    assignment_ = std::make_unique<Assignment>(ctx, k, points, inverse_norm(), mean_.data(), kc_, options.screen);
    tolerance_ = options.tolerance > 0 ? options.tolerance * mean_variance() : 0.0;
  }

  KMeansResult run(float* centroids, std::int32_t* labels, std::int32_t* sizes) {
    KMeansResult best;
    Buffer<float> rounded(kc_ * d_);
    const std::uint32_t runs = options_.init == KMeansInit::given ? 1 : options_.runs;
    for (std::uint32_t r = 0; r < runs; ++r) {
      seed(r);
      KMeansResult result = iterate(r, runs);
      for (std::size_t i = 0; i < kc_ * d_; ++i) rounded[i] = static_cast<float>(centroids_[i]);
      assignment_->aim(ConstMatrix{rounded.data(), kc_, d_});
      assignment_->assign(labels_.data(), labels_.data(), nullptr);
      result.inertia = inertia_of(ctx_, k_, data(), rounded.data(), kc_, labels_.data(), kGrain);
      result.screen = assignment_->screen();
      result.rechecked_share = assignment_->rechecked_share();
      if (r > 0 && !(result.inertia < best.inertia)) continue;
      best = result;
      std::copy_n(rounded.data(), kc_ * d_, centroids);
      std::copy_n(labels_.data(), n_, labels);
    }
    std::fill_n(sizes, kc_, 0);
    for (std::size_t i = 0; i < n_; ++i) ++sizes[labels[i]];
    return best;
  }

 private:
  const double* factor() const noexcept { return factor_.size() ? factor_.data() : nullptr; }
  const double* inverse_norm() const noexcept { return inverse_norm_.size() ? inverse_norm_.data() : nullptr; }
  KMeansData data() const noexcept { return {points_, inverse_norm(), options_.weight, mean_.data(), assignment_->packed()}; }

  // The mean over columns of their variance, as scikit-learn scales its tolerance.
  double mean_variance() {
    CentroidSums all(k_, points_, inverse_norm(), 1, column_bounds_without_weight().data());
    std::vector<Move> moves(n_);
    for (std::size_t i = 0; i < n_; ++i) moves[i] = {i, -1, 0};
    all.apply(ctx_, moves);
    Buffer<double> mean(d_);
    for (std::size_t l = 0; l < d_; ++l) mean[l] = all.sum(0, l) / static_cast<double>(n_);
    const double total = order_free_sum(ctx_, n_, kGrain, [&](std::size_t begin, std::size_t end, double* out) {
      squared_distances(k_, data(), begin, end, std::identity{}, [&](std::size_t) { return mean.data(); }, out);
    });
    return total / static_cast<double>(n_) / static_cast<double>(d_);
  }

  Buffer<double> column_bounds_without_weight() {
    Buffer<double> out(d_);
    if (options_.weight)
      column_bounds(ctx_, points_, inverse_norm(), out.data());
    else
      std::copy_n(bounds_.data(), d_, out.data());
    return out;
  }

  void seed(std::uint32_t run) {
    if (options_.init == KMeansInit::given) {
      std::copy_n(options_.initial, kc_ * d_, centroids_.data());
    } else {
      const std::vector<std::size_t> rows = options_.init == KMeansInit::random
                                                ? seed_random(ctx_, data(), kc_, options_.seed, run)
                                                : seed_plus_plus(ctx_, k_, data(), kc_, options_.seed, run);
      for (std::size_t j = 0; j < kc_; ++j)
        for (std::size_t l = 0; l < d_; ++l) centroids_[j * d_ + l] = data().value(rows[j], l);
    }
    if (options_.cosine)
      for (std::size_t j = 0; j < kc_; ++j) bring_to_unit_length(centroids_.data() + j * d_, d_);
  }

  KMeansResult iterate(std::uint64_t run, std::uint64_t runs) {
    CentroidUpdate update(ctx_, k_, data(), kc_, factor(), bounds_.data(), options_.weight ? largest_weight_ : 1.0);
    std::fill_n(labels_.data(), n_, -1);
    KMeansResult result;
    assignment_->reset();
    while (result.iterations < options_.max_iterations) {
      ++result.iterations;
      assignment_->aim(centroids_.data());
      assignment_->assign(labels_.data(), next_labels_.data(), &update);
      std::swap(labels_, next_labels_);
      std::swap(centroids_, previous_);
      update.place(labels_.data(), previous_.data(), centroids_.data());
      ctx_.progress("kmeans", run * options_.max_iterations + result.iterations, runs * options_.max_iterations);
      if (!update.moved() || shift() <= tolerance_) {
        result.converged = true;
        break;
      }
    }
    return result;
  }

  // How far the centroids moved, as a sum of squares, each centroid's by itself.
  double shift() const {
    double sum = 0;
    for (std::size_t j = 0; j < kc_; ++j) sum += squared_difference(centroids_.data() + j * d_, previous_.data() + j * d_, d_);
    return sum;
  }

  core::Context& ctx_;
  const simd::Kernels& k_;
  ConstMatrix points_;
  const KMeansOptions& options_;
  std::size_t n_, d_, kc_;
  Buffer<double> inverse_norm_, factor_, bounds_;
  Buffer<float> mean_;
  Buffer<double> centroids_, previous_;
  Buffer<std::int32_t> labels_, next_labels_;
  double largest_weight_ = 0, tolerance_ = 0;
  std::unique_ptr<Assignment> assignment_;
};

}  // namespace

KMeansResult kmeans(core::Context& ctx, const simd::Kernels& k, ConstMatrix points, const KMeansOptions& options,
                    float* centroids, std::int32_t* labels, std::int32_t* sizes) {
  return Fit(ctx, k, points, options).run(centroids, labels, sizes);
}

}  // namespace matomari
