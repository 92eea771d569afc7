#include "kmeans/mini_batch.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <vector>

#include "core/buffer.h"
#include "core/finite.h"
#include "core/parallel.h"
#include "core/philox.h"
#include "kmeans/row_sums.h"
#include "kmeans/seeding.h"
#include "nearest/assign.h"
#include "nearest/centroid_search.h"

namespace matomari {

using core::Buffer;
using core::ConstMatrix;

namespace {

constexpr std::size_t kGrain = 960;  // rows a thread takes at once

class MiniBatch {
 public:
  MiniBatch(core::Context& ctx, const simd::Kernels& k, ConstMatrix points, const KMeansOptions& options,
            const MiniBatchOptions& batches)
      : ctx_(ctx), k_(k), points_(points), options_(options), batches_(batches), n_(points.rows), d_(points.cols),
        kc_(options.clusters), batch_(std::min(batches.batch, n_)), inverse_norm_(options.cosine ? n_ : 0), mean_(d_),
        centroids_(kc_ * d_), labels_(n_), distance_(n_), weight_(kc_) {
    require_finite(ctx, points, "points");
    if (options.weight) check_weights(options.weight, n_);
    if (options.cosine) require_directions(ctx, points, "points", inverse_norm_.data());
    if (options.init == KMeansInit::given) {
      require_finite(ctx, {options.initial, kc_, d_}, "init");
      Buffer<double> ignored(options.cosine ? kc_ : 0);
      if (options.cosine) require_directions(ctx, {options.initial, kc_, d_}, "init", ignored.data());
    }
    column_means(ctx, points, inverse_norm(), mean_.data());
    use(choose_screen(k, options.screen, kc_, d_));
  }

  MiniBatchResult run(float* centroids, std::int32_t* labels, std::int32_t* sizes) {
    MiniBatchResult best;
    Buffer<float> rounded(kc_ * d_), distances(n_);
    Buffer<std::int32_t> found(n_);
    const std::uint32_t runs = options_.init == KMeansInit::given ? 1 : options_.runs;
    for (std::uint32_t r = 0; r < runs; ++r) {
      seed(r);
      MiniBatchResult result = iterate(r, runs);
      for (std::size_t i = 0; i < kc_ * d_; ++i) rounded[i] = static_cast<float>(centroids_[i]);
      const Assigned assigned = assign(ctx_, k_, points_, {rounded.data(), kc_, d_},
                                       options_.cosine ? Metric::cosine : Metric::sqeuclidean, found.data(),
                                       distances.data(), options_.screen);
      result.inertia = inertia_of(ctx_, k_, data(), rounded.data(), kc_, found.data(), kGrain);
      result.screen = assigned.screen;
      result.rechecked_share = assigned.rechecked_share;
      if (r > 0 && !(result.inertia < best.inertia)) continue;
      best = result;
      std::copy_n(rounded.data(), kc_ * d_, centroids);
      std::copy_n(found.data(), n_, labels);
    }
    std::fill_n(sizes, kc_, 0);
    for (std::size_t i = 0; i < n_; ++i) ++sizes[labels[i]];
    return best;
  }

 private:
  struct Drawn {
    std::uint32_t row;
    double weight;  // its own, times how often it was drawn
  };

  const double* inverse_norm() const noexcept { return inverse_norm_.size() ? inverse_norm_.data() : nullptr; }
  KMeansData data() const noexcept { return {points_, inverse_norm(), options_.weight, mean_.data()}; }

  void use(simd::Screen screen) {
    scratch_.clear();
    scratch_.resize(ctx_.threads());
    search_ = std::make_unique<CentroidSearch>(k_, options_.cosine ? Metric::cosine : Metric::sqeuclidean, kc_, d_,
                                               mean_.data(), screen);
  }

  // Different rows, ascending.
  std::vector<std::uint32_t> sample(std::size_t count, std::uint32_t run) const {
    std::vector<std::uint32_t> rows(n_);
    std::iota(rows.begin(), rows.end(), 0u);
    for (std::size_t i = 0; i < count && count < n_; ++i)
      std::swap(rows[i], rows[i + core::draw_below(n_ - i, options_.seed, core::Stream::kmeans_sample, run, 0,
                                                   static_cast<std::uint32_t>(i))]);
    rows.resize(std::min(count, n_));
    std::sort(rows.begin(), rows.end());
    return rows;
  }

  // Centroids from a sample of three batches, or of three rows a cluster where that is more.
  void seed(std::uint32_t run) {
    if (options_.init == KMeansInit::given) {
      std::copy_n(options_.initial, kc_ * d_, centroids_.data());
    } else {
      const std::vector<std::uint32_t> rows = sample(3 * std::max(batch_, kc_), run);
      Buffer<float> points(rows.size() * d_), weights(options_.weight ? rows.size() : 0);
      Buffer<double> norms(options_.cosine ? rows.size() : 0);
      for (std::size_t i = 0; i < rows.size(); ++i) {
        std::copy_n(points_.row(rows[i]), d_, points.data() + i * d_);
        if (options_.weight) weights[i] = options_.weight[rows[i]];
        if (options_.cosine) norms[i] = inverse_norm_[rows[i]];
      }
      const KMeansData few{{points.data(), rows.size(), d_}, norms.data(), weights.data(), mean_.data()};
      const std::vector<std::size_t> seeds = options_.init == KMeansInit::random
                                                 ? seed_random(ctx_, few, kc_, options_.seed, run)
                                                 : seed_plus_plus(ctx_, k_, few, kc_, options_.seed, run);
      for (std::size_t j = 0; j < kc_; ++j)
        for (std::size_t l = 0; l < d_; ++l) centroids_[j * d_ + l] = few.value(seeds[j], l);
    }
    for (std::size_t j = 0; options_.cosine && j < kc_; ++j) bring_to_unit_length(centroids_.data() + j * d_, d_);
  }

  MiniBatchResult iterate(std::uint32_t run, std::uint32_t runs) {
    std::fill_n(weight_.data(), kc_, 0.0);
    MiniBatchResult result;
    const std::uint64_t most = std::max<std::uint64_t>(1, std::uint64_t{options_.max_iterations} * n_ / batch_);
    const double alpha = std::min(1.0, 2.0 * static_cast<double>(batch_) / static_cast<double>(n_ + 1));
    double smoothed = 0, lowest = 0;
    std::uint32_t worse = 0;
    std::uint64_t since = 0;  // rows since light clusters were last looked for
    while (result.steps < most) {
      const std::vector<Drawn> drawn = draw(run, static_cast<std::uint32_t>(result.steps));
      const double inertia = look_up(drawn);
      update(drawn);
      since += batch_;
      if (since >= 10 * kc_ || *std::min_element(weight_.begin(), weight_.end()) == 0) {
        since = 0;
        reassign(drawn, run, static_cast<std::uint32_t>(result.steps));
      }
      ++result.steps;
      ctx_.progress("kmeans", run * most + result.steps, runs * most);
      if (result.steps == 1) continue;  // that inertia is of the seeds
      smoothed = result.steps == 2 ? inertia : smoothed * (1 - alpha) + inertia * alpha;
      worse = result.steps == 2 || smoothed < lowest ? 0 : worse + 1;
      if (worse == 0) lowest = smoothed;
      if (batches_.max_no_improvement > 0 && worse >= batches_.max_no_improvement) {
        result.converged = true;
        break;
      }
    }
    result.iterations = static_cast<std::uint32_t>((result.steps * batch_ + n_ - 1) / n_);
    return result;
  }

  // The rows of a step, ascending, each once.
  std::vector<Drawn> draw(std::uint32_t run, std::uint32_t step) const {
    std::vector<std::uint32_t> rows(batch_);
    for (std::size_t i = 0; i < batch_; ++i)
      rows[i] = static_cast<std::uint32_t>(core::draw_below(n_, options_.seed, core::Stream::kmeans_batch, run, step,
                                                            static_cast<std::uint32_t>(i)));
    std::sort(rows.begin(), rows.end());
    std::vector<Drawn> drawn;
    for (const std::uint32_t row : rows) {
      if (drawn.empty() || drawn.back().row != row) drawn.push_back({row, 0});
      drawn.back().weight += data().weight_of(row);
    }
    return drawn;
  }

  // Labels of the rows of a step, and the mean of weight · squared distance.
  double look_up(const std::vector<Drawn>& drawn) {
    std::vector<std::uint32_t> ids(drawn.size());
    for (std::size_t i = 0; i < drawn.size(); ++i) ids[i] = drawn[i].row;
    search_->set(ctx_, centroids_.data());
    std::vector<Doubt> doubts(ctx_.threads());
    const KMeansData all = data();
    core::parallel_for(ctx_, ids.size(), 192, [&](std::size_t begin, std::size_t end, unsigned slot) {
      if (!scratch_[slot]) scratch_[slot] = std::make_unique<CentroidSearch::Scratch>(*search_);
      CentroidSearch::Rows rows{points_, inverse_norm()};
      rows.ids = ids.data();
      doubts[slot] += search_->assign(ctx_, rows, begin, end, labels_.data(), {}, *scratch_[slot]);
      squared_distances(k_, all, begin, end, [&](std::size_t i) { return std::size_t{ids[i]}; },
                        [&](std::size_t i) { return centroids_.data() + static_cast<std::size_t>(labels_[ids[i]]) * d_; }, distance_.data());
    });
    if (options_.screen == ScreenWish::automatic) {
      Doubt doubt;
      for (const Doubt& one : doubts) doubt += one;
      const simd::Screen next = next_screen(*search_, doubt, ids.size());
      if (next != search_->screen()) use(next);
    }
    double sum = 0;
    for (std::size_t i = 0; i < drawn.size(); ++i) sum += drawn[i].weight * distance_[i];
    return sum / static_cast<double>(batch_);
  }

  // Every centroid becomes the mean of all rows that it has been given so far.
  void update(const std::vector<Drawn>& drawn) {
    std::vector<std::vector<Drawn>> of(kc_);
    for (const Drawn& one : drawn)
      if (one.weight > 0) of[static_cast<std::size_t>(labels_[one.row])].push_back(one);
    const KMeansData all = data();
    Buffer<double> before(ctx_.threads() * d_);
    core::parallel_for(ctx_, kc_, 4, [&](std::size_t begin, std::size_t end, unsigned slot) {
      for (std::size_t j = begin; j < end; ++j) {
        if (of[j].empty()) continue;
        double* const c = centroids_.data() + j * d_;
        std::copy_n(c, d_, before.data() + slot * d_);
        for (std::size_t l = 0; l < d_; ++l) c[l] *= weight_[j];
        for (const Drawn& one : of[j]) {
          for (std::size_t l = 0; l < d_; ++l) c[l] += one.weight * all.value(one.row, l);
          weight_[j] += one.weight;
        }
        for (std::size_t l = 0; l < d_; ++l) c[l] /= weight_[j];
        // Directions that cancel leave no mean direction: the cluster keeps the one it had.
        if (options_.cosine && !bring_to_unit_length(c, d_)) std::copy_n(before.data() + slot * d_, d_, c);
      }
    });
  }

  // Light clusters, half a batch of them at most, start anew at rows of this step, with the weight of the lightest other.
  void reassign(const std::vector<Drawn>& drawn, std::uint32_t run, std::uint32_t step) {
    const double heaviest = *std::max_element(weight_.begin(), weight_.end());
    std::vector<std::size_t> order(kc_);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return weight_[a] < weight_[b]; });
    std::vector<std::uint32_t> rows;
    for (const Drawn& one : drawn)
      if (one.weight > 0) rows.push_back(one.row);
    std::size_t light = 0;
    while (light < kc_ && weight_[order[light]] < batches_.reassignment_ratio * heaviest) ++light;
    light = std::min({light, std::max<std::size_t>(1, batch_ / 2), rows.size()});
    if (light == 0 || light == kc_) return;
    const double lightest = weight_[order[light]];
    for (std::size_t e = 0; e < light; ++e) {
      std::swap(rows[e], rows[e + core::draw_below(rows.size() - e, options_.seed, core::Stream::kmeans_reassign, run, step,
                                                   static_cast<std::uint32_t>(e))]);
      double* const c = centroids_.data() + order[e] * d_;
      for (std::size_t l = 0; l < d_; ++l) c[l] = data().value(rows[e], l);
      if (options_.cosine) bring_to_unit_length(c, d_);
      weight_[order[e]] = lightest;
    }
  }

  core::Context& ctx_;
  const simd::Kernels& k_;
  ConstMatrix points_;
  const KMeansOptions& options_;
  const MiniBatchOptions& batches_;
  std::size_t n_, d_, kc_, batch_;
  Buffer<double> inverse_norm_;
  Buffer<float> mean_;
  Buffer<double> centroids_;
  Buffer<std::int32_t> labels_;
  Buffer<double> distance_, weight_;  // squared, of the rows of a step; of everything a cluster has been given
  std::unique_ptr<CentroidSearch> search_;
  std::vector<std::unique_ptr<CentroidSearch::Scratch>> scratch_;
};

}  // namespace

MiniBatchResult mini_batch_kmeans(core::Context& ctx, const simd::Kernels& k, ConstMatrix points, const KMeansOptions& options,
                                  const MiniBatchOptions& batches, float* centroids, std::int32_t* labels, std::int32_t* sizes) {
  return MiniBatch(ctx, k, points, options, batches).run(centroids, labels, sizes);
}

}  // namespace matomari
