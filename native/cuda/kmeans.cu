// kmeans on the device: the steps of kmeans/kmeans.cc, to the bit. The host reads back a few numbers an iteration.
#include <bit>
#include <cmath>
#include <optional>
#include <vector>

#include "cuda/centroid_update.h"
#include "cuda/corpus.h"
#include "cuda/instructions.h"
#include "cuda/operations.h"
#include "cuda/prepare.h"
#include "cuda/row_sums.h"
#include "cuda/search.h"
#include "cuda/seeding.h"

namespace matomari::cuda {

namespace {

constexpr unsigned kThreads = 256;

__global__ void narrow_kernel(const double* in, std::size_t n, float* out) {
  if (const std::size_t i = std::size_t{blockIdx.x} * kThreads + threadIdx.x; i < n) out[i] = static_cast<float>(in[i]);
}
__global__ void values_kernel(const float* rows, const std::uint32_t* ids, const double* inverse, std::size_t n, std::size_t d, double* out) {
  const std::size_t i = std::size_t{blockIdx.x} * kThreads + threadIdx.x;
  if (i < n) out[i] = static_cast<double>(rows[i]) * (inverse ? inverse[ids[i / d]] : 1.0);
}

class Fit {
 public:
  Fit(const MatomariCudaJob& job, MatomariCudaKMeans& a)
      : a_(a), n_(a.rows), d_(a.cols), kc_(a.clusters), session_(a.device, job),
        corpus_(session_, a.points, n_, d_, need()), inverse_(session_, a.cosine ? n_ : 0), weight_(session_, a.weight ? n_ : 0),
        labels_(session_, n_), next_(session_, n_), terms_(session_, n_), mean_(session_, d_), scale_(session_, d_),
        bounds_(session_, d_), centroids_(session_, kc_ * d_), previous_(session_, kc_ * d_), rounded_(session_, kc_ * d_),
        seeds_(session_, kc_), search_(session_, metric(), kc_, d_, mean_.data(), corpus_.most()), packed_(session_, corpus_.most(), d_),
        weights_(a.largest_weight, n_), update_(session_, kc_, d_, corpus_.most(), scale_.data(), weights_, a.cosine) {}

  void run() {
    look();
    for (std::uint32_t r = 0; r < a_.runs; ++r) {
      seed(r);
      Result result = iterate(r);
      launch(session_.stream(), blocks(kc_ * d_, kThreads), kThreads, 0, narrow_kernel, static_cast<const double*>(centroids_.data()), kc_ * d_,
             rounded_.data());
      search_.set(rounded_.data());
      assign(labels_.data());
      result.inertia = inertia();
      result.rechecked_share = static_cast<double>(rechecked_) / static_cast<double>(screened_);
      if (r > 0 && !(result.inertia < a_.inertia)) continue;
      a_.inertia = result.inertia;
      a_.iterations = result.iterations;
      a_.converged = result.converged;
      a_.rechecked_share = result.rechecked_share;
      rounded_.download(a_.centroids, kc_ * d_);
      labels_.download(a_.labels, n_);
    }
  }

 private:
  struct Result {
    double inertia = 0, rechecked_share = 0;
    std::uint32_t iterations = 0;
    bool converged = false;
  };

  // Of device memory: what belongs to rows, to rows of a block, and to the centroids.
  Corpus::Need need() const {
    Corpus::Need need;
    need.row = 2 * sizeof(std::int32_t) + 6 * sizeof(double) + 4 * sizeof(float);
    need.block = PackedRows::bytes(d_) + Search::kRowBytes + 2 * sizeof(Entry);
    need.fixed = kc_ * d_ * (6 * sizeof(double) + 2 * sizeof(float)) + 16384 * (PackedRows::bytes(d_) + 128) + (std::size_t{64} << 20);
    return need;
  }
  Metric metric() const noexcept { return a_.cosine ? Metric::cosine : Metric::sqeuclidean; }
  const double* inverse(std::size_t first = 0) const noexcept { return a_.cosine ? inverse_.data() + first : nullptr; }
  const float* weight(std::size_t first = 0) const noexcept { return a_.weight ? weight_.data() + first : nullptr; }
  FitRows rows_of(const Corpus::Block& b, bool weighted = true) const noexcept {
    return {b.points, inverse(b.first), weighted ? weight(b.first) : nullptr, b.rows, d_};
  }
  // What is known of all rows, without the rows.
  FitRows facts() const noexcept { return {nullptr, inverse(), weight(), n_, d_}; }

  // f(block, packed) for all rows: packed once where they stay, else whenever they come.
  template <class F>
  void each_packed(F&& f) {
    corpus_.each([&](const Corpus::Block& b) {
      if (!packed_once_ || !corpus_.resident()) search_.pack(b.points, inverse(b.first), b.rows, packed_);
      packed_once_ = true;
      f(b, packed_);
    });
  }

  // The first sight of the rows: whether they are usable, the bounds of their columns and the tolerance.
  void look() {
    const DeviceBuffer<unsigned> bad(session_, 1);
    const DeviceBuffer<double> sum(session_, d_);
    bad.clear(1);
    bounds_.clear(d_);
    if (a_.weight) weight_.upload(a_.weight, n_);
    corpus_.each([&](const Corpus::Block& b) {
      find_not_finite(session_, b.points, b.rows * d_, bad.data());
      if (a_.cosine) inverse_lengths(session_, b.points, b.rows, d_, inverse_.data() + b.first, bad.data());
      refuse_if(bad);
      raise_column_bounds(session_, rows_of(b, false), bounds_.data());
      if (b.first == 0) column_means(session_, b.points, b.rows, d_, inverse(), mean_.data());
    });
    std::vector<float> mean(d_);
    mean_.download(mean.data(), d_);
    for (const float v : mean) shift_length_ += static_cast<double>(v) * static_cast<double>(v);
    shift_length_ = std::sqrt(shift_length_) * (1 + 1e-9);
    const auto* const bounds = reinterpret_cast<const double*>(bounds_.data());
    if (a_.tolerance > 0) tolerance_ = a_.tolerance * mean_variance(bounds);
    if (a_.weight) {
      bounds_.clear(d_);
      corpus_.each([&](const Corpus::Block& b) { raise_column_bounds(session_, rows_of(b), bounds_.data()); });
    }
    column_scales(session_, bounds, d_, n_, scale_.data());
  }

  // The mean over columns of their variance, without weights.
  double mean_variance(const double* bounds) {
    column_scales(session_, bounds, d_, n_, scale_.data());
    const CentroidUpdate all(session_, 1, d_, corpus_.most(), scale_.data(), core::FixedSum(1.0, n_), false);
    const DeviceBuffer<double> mean(session_, d_);
    labels_.fill(0xFF, n_);
    next_.clear(n_);
    all.reset();
    all.begin();
    corpus_.each([&](const Corpus::Block& b) { all.follow(rows_of(b, false), labels_.data() + b.first, next_.data() + b.first); });
    all.survey();
    // As the CPU has it: a sum over the number of rows, which is also the sum of their weights.
    all.average(nullptr, mean.data());
    corpus_.each([&](const Corpus::Block& b) { squared_distances(session_, rows_of(b), mean.data(), nullptr, 0, terms_.data() + b.first); });
    return order_free_sum(session_, terms_.data(), n_) / static_cast<double>(n_) / static_cast<double>(d_);
  }

  void seed(std::uint32_t run) {
    if (a_.initial) {
      rounded_.upload(a_.initial, kc_ * d_);
      widen(session_, rounded_.data(), kc_, d_, false, centroids_.data());
    } else {
      if (a_.seeds) {
        seeds_.upload(a_.seeds + run * kc_, kc_);
      } else {
        if (!seeding_) seeding_.emplace(session_, corpus_, search_, facts(), kc_, shift_length_);
        seeding_->run(a_.seed, run, [&](auto&& f) { each_packed(f); }, seeds_.data());
      }
      corpus_.gather(seeds_.data(), kc_, rounded_.data());
      launch(session_.stream(), blocks(kc_ * d_, kThreads), kThreads, 0, values_kernel, static_cast<const float*>(rounded_.data()),
             static_cast<const std::uint32_t*>(seeds_.data()), inverse(), kc_ * d_, d_, centroids_.data());
    }
    if (a_.cosine) widen(session_, centroids_.data(), kc_, d_, true, centroids_.data());
  }

  void assign(std::int32_t* labels) {
    each_packed([&](const Corpus::Block& b, const PackedRows& packed) {
      rechecked_ += search_.assign(b.points, inverse(b.first), b.rows, packed, labels + b.first);
    });
    screened_ += n_;
  }

  Result iterate(std::uint32_t run) {
    Result result;
    rechecked_ = screened_ = 0;
    labels_.fill(0xFF, n_);
    update_.reset();
    while (result.iterations < a_.max_iterations) {
      ++result.iterations;
      search_.set(centroids_.data());
      update_.begin();
      each_packed([&](const Corpus::Block& b, const PackedRows& packed) {
        rechecked_ += search_.assign(b.points, inverse(b.first), b.rows, packed, next_.data() + b.first);
        update_.follow(rows_of(b), labels_.data() + b.first, next_.data() + b.first);
      });
      screened_ += n_;
      std::swap(labels_, next_);
      std::swap(centroids_, previous_);
      const Survey survey = update_.survey();
      const bool lent = survey.empty > 0 && lend(survey.empty);
      update_.average(previous_.data(), centroids_.data());
      if (lent) update_.give_back(corpus_, facts(), survey.empty);
      session_.progress("kmeans", std::size_t{run} * a_.max_iterations + result.iterations, std::size_t{a_.runs} * a_.max_iterations);
      if (survey.moved == 0 || update_.shift(previous_.data(), centroids_.data()) <= tolerance_) {
        result.converged = true;
        break;
      }
    }
    return result;
  }

  bool lend(std::size_t empty) {
    corpus_.each([&](const Corpus::Block& b) {
      squared_distances(session_, rows_of(b), previous_.data(), labels_.data() + b.first, 0, terms_.data() + b.first);
    });
    return update_.lend(corpus_, facts(), labels_.data(), terms_.data(), empty);
  }

  // Σ weight · squared distance to the own rounded centroid; for cosine Σ weight · (1 − cos).
  double inertia() {
    widen(session_, rounded_.data(), kc_, d_, a_.cosine, previous_.data());
    corpus_.each([&](const Corpus::Block& b) {
      squared_distances(session_, rows_of(b), previous_.data(), labels_.data() + b.first, a_.cosine ? 0.5 : 1.0, terms_.data() + b.first);
    });
    return order_free_sum(session_, terms_.data(), n_);
  }

  MatomariCudaKMeans& a_;
  std::size_t n_, d_, kc_;
  Session session_;
  Corpus corpus_;
  DeviceBuffer<double> inverse_;
  DeviceBuffer<float> weight_;
  DeviceBuffer<std::int32_t> labels_, next_;
  DeviceBuffer<double> terms_;  // [rows], of a sum
  DeviceBuffer<float> mean_;
  DeviceBuffer<double> scale_;
  DeviceBuffer<unsigned long long> bounds_;
  DeviceBuffer<double> centroids_, previous_;
  DeviceBuffer<float> rounded_;
  DeviceBuffer<std::uint32_t> seeds_;
  Search search_;
  PackedRows packed_;
  core::FixedSum weights_;
  CentroidUpdate update_;
  std::optional<Seeding> seeding_;
  double shift_length_ = 0, tolerance_ = 0;
  bool packed_once_ = false;
  std::size_t rechecked_ = 0, screened_ = 0;
};

}  // namespace

int kmeans(const MatomariCudaJob* job, MatomariCudaKMeans* arguments, MatomariCudaError* error) {
  return guarded(error, [&] { Fit(*job, *arguments).run(); });
}

}  // namespace matomari::cuda
