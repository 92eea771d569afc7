#include "kmeans/kmeans.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "core/buffer.h"
#include "core/finite.h"
#include "core/fixed_point.h"
#include "core/parallel.h"
#include "kmeans/centroid_sums.h"
#include "kmeans/label_bounds.h"
#include "kmeans/row_sums.h"
#include "kmeans/seeding.h"
#include "nearest/assign.h"
#include "nearest/centroid_search.h"

namespace matomari {

using core::Buffer;
using core::ConstMatrix;

namespace {

constexpr std::size_t kGrain = 960;  // rows a thread takes at once

// The largest magnitude in each column of row · factor, over all rows.
void column_bounds(core::Context& ctx, ConstMatrix m, const double* factor, double* out) {
  const std::size_t d = m.cols;
  Buffer<double> local(ctx.threads() * d, 0.0);
  core::parallel_for(ctx, m.rows, kGrain, [&](std::size_t begin, std::size_t end, unsigned slot) {
    double* const most = local.data() + slot * d;
    for (std::size_t i = begin; i < end; ++i) {
      const float* x = m.row(i);
      const double f = factor ? factor[i] : 1.0;
      for (std::size_t l = 0; l < d; ++l) most[l] = std::max(most[l], std::abs(static_cast<double>(x[l]) * f));
    }
  });
  std::fill_n(out, d, 0.0);
  for (std::size_t t = 0; t < ctx.threads(); ++t)
    for (std::size_t l = 0; l < d; ++l) out[l] = std::max(out[l], local[t * d + l]);
}

class Fit {
 public:
  Fit(core::Context& ctx, const simd::Kernels& k, ConstMatrix points, const KMeansOptions& options)
      : ctx_(ctx), k_(k), points_(points), options_(options), n_(points.rows), d_(points.cols), kc_(options.clusters),
        inverse_norm_(options.cosine ? n_ : 0), factor_(options.cosine || options.weight ? n_ : 0), bounds_(d_),
        mean_(d_), centroids_(kc_ * d_), previous_(kc_ * d_), labels_(n_), next_labels_(n_), bounds_of_labels_(n_, kc_, d_) {
    require_finite(ctx, points, "points");
    if (options.weight) largest_weight_ = check_weights(options.weight, n_);
    if (options.cosine) require_directions(ctx, points, "points", inverse_norm_.data());
    for (std::size_t i = 0; i < factor_.size(); ++i)
      factor_[i] = (options.cosine ? inverse_norm_[i] : 1.0) * (options.weight ? static_cast<double>(options.weight[i]) : 1.0);
    if (options.init == KMeansInit::given) {
      require_finite(ctx, {options.initial, kc_, d_}, "init");
      if (options.cosine) {
        Buffer<double> ignored(kc_);
        require_directions(ctx, {options.initial, kc_, d_}, "init", ignored.data());
      }
    }
    column_bounds(ctx, points, factor(), bounds_.data());
    column_means(ctx, points, inverse_norm(), mean_.data());
    tolerance_ = options.tolerance > 0 ? options.tolerance * mean_variance() : 0.0;
    use(choose_screen(k, options.screen, kc_, d_, true));
  }

  KMeansResult run(float* centroids, std::int32_t* labels, std::int32_t* sizes) {
    KMeansResult best;
    Buffer<float> rounded(kc_ * d_);
    const std::uint32_t runs = options_.init == KMeansInit::given ? 1 : options_.runs;
    for (std::uint32_t r = 0; r < runs; ++r) {
      seed(r);
      KMeansResult result = iterate(r, runs);
      for (std::size_t i = 0; i < kc_ * d_; ++i) rounded[i] = static_cast<float>(centroids_[i]);
      aim(ConstMatrix{rounded.data(), kc_, d_});
      assign_all(labels_.data(), labels_.data(), nullptr);
      result.inertia = inertia_of(ctx_, k_, data(), rounded.data(), kc_, labels_.data(), kGrain);
      result.screen = search_->screen();
      result.rechecked_share = static_cast<double>(rechecked_) / static_cast<double>(screened_);
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
  Metric metric() const noexcept { return options_.cosine ? Metric::cosine : Metric::sqeuclidean; }
  const double* factor() const noexcept { return factor_.size() ? factor_.data() : nullptr; }
  const double* inverse_norm() const noexcept { return inverse_norm_.size() ? inverse_norm_.data() : nullptr; }
  KMeansData data() const noexcept { return {points_, inverse_norm(), options_.weight, mean_.data(), packed_.get()}; }
  double weight_of(std::size_t i) const noexcept { return options_.weight ? static_cast<double>(options_.weight[i]) : 1.0; }
  double value(std::size_t i, std::size_t l) const noexcept {
    const auto v = static_cast<double>(points_.row(i)[l]);
    return options_.cosine ? v * inverse_norm_[i] : v;
  }

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
        for (std::size_t l = 0; l < d_; ++l) centroids_[j * d_ + l] = value(rows[j], l);
    }
    if (options_.cosine)
      for (std::size_t j = 0; j < kc_; ++j) bring_to_unit_length(centroids_.data() + j * d_, d_);
  }

  // Takes another screen, and packs the rows for it.
  void use(simd::Screen screen) {
    scratch_.clear();
    scratch_.resize(ctx_.threads());
    packed_.reset();
    search_ = std::make_unique<CentroidSearch>(k_, metric(), kc_, d_, mean_.data(), screen);
    packed_ = search_->pack(ctx_, points_, inverse_norm());
  }

  // Sets the centroids to search for. Where they leave too many rows in doubt, it goes on with a finer screen: found out by a
  // sample before the first pass, and by the pass before afterwards.
  template <class Centroids>
  void aim(Centroids centroids) {
    search_->set(ctx_, centroids);
    while (options_.screen == ScreenWish::automatic) {
      const simd::Screen next = looked_at_ == 0 ? next_by_sample(ctx_, *search_, rows(), next_labels_.data())
                                                : next_screen(*search_, doubt_, std::exchange(looked_at_, 0));
      if (next == search_->screen()) return;
      use(next);
      search_->set(ctx_, centroids);
    }
  }

  CentroidSearch::Rows rows() const noexcept { return {points_, inverse_norm(), packed_.get()}; }

  // labels[i] of every row, of which those that are proven to keep the label they have in `previous` are not looked at. `sums`
  // are told of those that move.
  void assign_all(const std::int32_t* previous, std::int32_t* labels, CentroidSums* sums) {
    struct Pass {
      Doubt doubt;
      std::size_t looked_at = 0;
    };
    std::vector<Pass> passes(ctx_.threads());
    bounds_of_labels_.follow(search_->centroids());
    if (sums) sums->open(ctx_.threads());
    // Few enough rows that those looked at in float32 are still near when they move, and that the threads share them evenly.
    const std::size_t grain = std::clamp<std::size_t>(n_ / (8 * ctx_.threads()) / 96 * 96, 96, kGrain);
    core::parallel_for(ctx_, n_, grain, [&](std::size_t begin, std::size_t end, unsigned slot) {
      if (!scratch_[slot]) scratch_[slot] = std::make_unique<CentroidSearch::Scratch>(*search_);
      std::vector<std::uint32_t> open;
      for (std::size_t i = begin; i < end; ++i) {
        if (bounds_of_labels_.keeps(i, previous[i]))
          labels[i] = previous[i];
        else
          open.push_back(static_cast<std::uint32_t>(i));
      }
      CentroidSearch::Rows some = rows();
      some.ids = open.data();
      passes[slot].doubt += search_->assign(ctx_, some, 0, open.size(), labels, bounds_of_labels_.margins(), *scratch_[slot]);
      passes[slot].looked_at += open.size();
      for (const std::uint32_t i : open)
        if (sums && labels[i] != previous[i]) sums->note(slot, {i, previous[i], labels[i]});
    });
    if (sums) sums->collect(ctx_);
    doubt_ = {};
    looked_at_ = 0;
    for (const Pass& pass : passes) {
      doubt_ += pass.doubt;
      looked_at_ += pass.looked_at;
    }
    rechecked_ += doubt_.rows;
    screened_ += n_;
  }

  KMeansResult iterate(std::uint64_t run, std::uint64_t runs) {
    CentroidSums sums(k_, points_, factor(), kc_, bounds_.data());
    const core::FixedSum weights(options_.weight ? largest_weight_ : 1.0, n_);
    std::vector<std::int64_t> weight(kc_, 0);
    std::fill_n(labels_.data(), n_, -1);
    KMeansResult result;
    rechecked_ = screened_ = 0;
    bounds_of_labels_.reset();
    while (result.iterations < options_.max_iterations) {
      ++result.iterations;
      aim(centroids_.data());
      assign_all(labels_.data(), next_labels_.data(), &sums);
      bool settled = true;
      for (std::size_t i = 0; i < n_; ++i) {
        if (labels_[i] == next_labels_[i]) continue;
        settled = false;
        const std::int64_t w = weights.term(weight_of(i));
        if (labels_[i] >= 0) weight[static_cast<std::size_t>(labels_[i])] -= w;
        weight[static_cast<std::size_t>(next_labels_[i])] += w;
      }
      std::swap(labels_, next_labels_);
      std::swap(centroids_, previous_);
      std::vector<std::int64_t> used = weight;
      const std::vector<Move> borrowed = relocate(weights, used);
      sums.apply(ctx_, borrowed);
      average(sums, weights, used);
      std::vector<Move> back;
      for (const Move& m : borrowed) back.push_back({m.row, m.to, m.from});
      sums.apply(ctx_, back);
      ctx_.progress("kmeans", run * options_.max_iterations + result.iterations, runs * options_.max_iterations);
      if (settled || shift() <= tolerance_) {
        result.converged = true;
        break;
      }
    }
    return result;
  }

  // An empty cluster takes over the point that lies farthest from its centroid, for this iteration's means only.
  std::vector<Move> relocate(const core::FixedSum& weights, std::vector<std::int64_t>& weight) {
    std::vector<std::size_t> empty;
    for (std::size_t j = 0; j < kc_; ++j)
      if (weight[j] == 0) empty.push_back(j);
    std::vector<Move> moves;
    if (empty.empty()) return moves;
    Buffer<double> far(n_);
    core::parallel_for(ctx_, n_, kGrain, [&](std::size_t begin, std::size_t end, unsigned) {
      squared_distances(k_, data(), begin, end, std::identity{},
                        [&](std::size_t i) { return previous_.data() + static_cast<std::size_t>(labels_[i]) * d_; }, far.data());
    });
    const std::size_t wanted = std::min(empty.size(), n_);
    std::vector<std::size_t> order(n_);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(wanted), order.end(),
                      [&](std::size_t a, std::size_t b) { return far[a] != far[b] ? far[a] > far[b] : a < b; });
    // Every point on its centroid: more clusters than different points, and nothing to be gained.
    if (far[order[0]] == 0) return moves;
    for (std::size_t e = 0; e < wanted; ++e) {
      const std::size_t i = order[e];
      const auto from = static_cast<std::size_t>(labels_[i]);
      const std::int64_t w = weights.term(weight_of(i));
      moves.push_back({i, labels_[i], static_cast<std::int32_t>(empty[e])});
      weight[from] -= w;
      weight[empty[e]] = w;
    }
    return moves;
  }

  // Means of the clusters. One that is still without weight stands where the heaviest does.
  void average(const CentroidSums& sums, const core::FixedSum& weights, const std::vector<std::int64_t>& weight) {
    const auto heaviest = static_cast<std::size_t>(std::max_element(weight.begin(), weight.end()) - weight.begin());
    auto place = [&](std::size_t j) {
      double* const c = centroids_.data() + j * d_;
      const double w = weights.value(weight[j]);
      for (std::size_t l = 0; l < d_; ++l) c[l] = sums.sum(j, l) / w;
      // Directions that cancel leave no mean direction: the cluster keeps the one it had.
      if (options_.cosine && !bring_to_unit_length(c, d_)) std::copy_n(previous_.data() + j * d_, d_, c);
    };
    place(heaviest);
    core::parallel_for(ctx_, kc_, 16, [&](std::size_t begin, std::size_t end, unsigned) {
      for (std::size_t j = begin; j < end; ++j)
        if (weight[j] > 0 && j != heaviest) place(j);
    });
    for (std::size_t j = 0; j < kc_; ++j)
      if (weight[j] <= 0) std::copy_n(centroids_.data() + heaviest * d_, d_, centroids_.data() + j * d_);
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
  LabelBounds bounds_of_labels_;
  std::unique_ptr<CentroidSearch> search_;
  std::unique_ptr<PackedRows> packed_;
  std::vector<std::unique_ptr<CentroidSearch::Scratch>> scratch_;
  Doubt doubt_;                 // of the last pass,
  std::size_t looked_at_ = 0;   // which looked at so many rows
  std::size_t rechecked_ = 0, screened_ = 0;
};

}  // namespace

KMeansResult kmeans(core::Context& ctx, const simd::Kernels& k, ConstMatrix points, const KMeansOptions& options,
                    float* centroids, std::int32_t* labels, std::int32_t* sizes) {
  return Fit(ctx, k, points, options).run(centroids, labels, sizes);
}

}  // namespace matomari
