#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "distances/distances.h"
#include "harness.h"
#include "kmeans/kmeans.h"
#include "kmeans/mini_batch.h"
#include "nearest/assign.h"
#include "nearest/nearest.h"
#include "pca/pca.h"
#include "points.h"
#include "truncated_svd/truncated_svd.h"
#include "weighted_mean/weighted_mean.h"

using namespace matomari;
using namespace matomari::test;
using core::ConstMatrix;

// Every operation on fixed data: equal bits at every level and on any number of threads, and one hash of them all that
// other machines must give too.

namespace {

std::map<std::string, Hash>& hashes() {
  static std::map<std::string, Hash> all;
  return all;
}

// Runs at every level and with several numbers of threads; demands equal hashes and adds them to the operation's own.
template <class Run>
void everywhere(const char* operation, Run&& run) {
  bool have = false;
  std::uint64_t first = 0;
  for (const simd::Kernels* k : levels())
    for (unsigned threads : {1u, 3u}) {
      core::Context ctx(threads);
      Hash hash;
      run(ctx, *k, hash);
      if (!have) first = hash.value();
      have = true;
      if (hash.value() != first) std::printf("%s differs at %s, %u threads\n", operation, k->name, threads);
      CHECK(hash.value() == first);
    }
  hashes()[operation].add(first);
}

constexpr Metric kMetrics[] = {Metric::euclidean, Metric::sqeuclidean, Metric::cosine, Metric::dot};
using Shapes = std::vector<std::pair<std::size_t, std::size_t>>;
Shapes shapes() {
  if (quick) return {{49, 5}, {20, 97}};
  return {{1, 1}, {49, 1}, {97, 5}, {70, 17}, {48, 48}, {40, 97}, {1930, 2}};  // the last: more rows than a thread takes at once
}

}  // namespace

TEST(distances_everywhere) {
  for (auto [n, d] : shapes())
    for (const Points& p : all_points(n, d))
      for (Metric metric : kMetrics) {
        const Points q = every(p, std::min<std::size_t>((n + 2) / 3, 30));
        everywhere("distances", [&](core::Context& ctx, const simd::Kernels& k, Hash& hash) {
          std::vector<float> out(n * q.rows);
          distances(ctx, k, p, q, metric, {out.data(), n, q.rows});
          hash.add(out);
        });
      }
}

TEST(assign_everywhere) {
  for (auto [n, d] : shapes())
    for (const Points& p : all_points(n, d))
      for (Metric metric : kMetrics)
        for (std::size_t clusters : {std::size_t{1}, std::min<std::size_t>((n + 3) / 4, 60)}) {
          const Points c = every(p, clusters);
          everywhere("assign", [&](core::Context& ctx, const simd::Kernels& k, Hash& hash) {
            std::vector<std::int32_t> labels(n);
            std::vector<float> out(n);
            assign(ctx, k, p, c, metric, labels.data(), out.data());
            for (std::int32_t label : labels) CHECK(label >= 0 && static_cast<std::size_t>(label) < clusters);
            hash.add(labels);
            hash.add(out);
          });
        }
}

// Rows near their centroid and rows nearly at right angles to it, whose sums cancel so far that the order of additions shows.
TEST(assign_measures_in_index_order) {
  constexpr std::size_t d = 75;
  Numbers numbers(31);
  const Points c = make(1, d, [&](std::size_t, std::size_t) { return numbers.bell() * std::exp(2 * numbers.bell()); });
  for (const bool near : {true, false}) {
    const Points p = make(3000, d, [&](std::size_t, std::size_t l) {
      const float v = near || l + 1 == d ? c.data[l] : l % 2 == 0 ? c.data[l + 1] : -c.data[l - 1];
      return v * (1 + (near ? 3e-3f : 1e-7f) * numbers.bell());
    });
    for (Metric metric : kMetrics)
      for (const auto* level : levels()) {
        std::vector<std::int32_t> labels(p.rows);
        std::vector<float> far(p.rows);
        core::Context ctx(1);
        assign(ctx, *level, p, c, metric, labels.data(), far.data());
        for (std::size_t i = 0; i < p.rows; ++i) {
          const float *const x = p.data.data() + i * d, *const to = c.data.data();
          const double value = pair_value(metric, x, dot_product(x, x, d), to, dot_product(to, to, d), d);
          CHECK(std::bit_cast<std::uint32_t>(far[i]) == std::bit_cast<std::uint32_t>(static_cast<float>(value)));
        }
      }
  }
}

// Centroids that no rounded score can tell apart, and others that are far away: sixteen in each of four panels, one to a lane, which
// are the most that a screen can name at once; or twelve that share a lane, which names one of them.
TEST(assign_among_candidates_in_every_lane_or_in_one) {
  for (const bool one : {false, true}) {
    constexpr std::size_t d = 40, k = 768;
    Numbers numbers(21);
    const Points p = make(200, d, [&](std::size_t, std::size_t) { return 1 + 0.01f * numbers.bell(); });
    const Points c = make(k, d, [&](std::size_t j, std::size_t) {
      return (one ? j % 16 == 5 && j / 48 % 5 == 0 : j < 192 && j % 48 < 16) ? 1 + 1e-5f * numbers.bell() : 50 + numbers.bell();
    });
    std::vector<std::int32_t> labels(p.rows), other(p.rows);
    std::vector<float> far(p.rows);
    core::Context ctx(2);
    assign(ctx, *simd::kernels(simd::Level::scalar), p, c, Metric::euclidean, labels.data(), far.data());
    for (const auto* level : levels())
      for (ScreenWish wish : {ScreenWish::f32, ScreenWish::bf16, ScreenWish::int8}) {
        assign(ctx, *level, p, c, Metric::euclidean, other.data(), far.data(), wish);
        CHECK(other == labels);
      }
  }
}

TEST(nearest_everywhere) {
  for (auto [n, d] : shapes())
    for (const Points& p : all_points(n, d))
      for (Metric metric : kMetrics)
        for (std::size_t count : {std::size_t{1}, std::min<std::size_t>((n + 6) / 7, 20)}) {
          const Points q = every(p, std::min<std::size_t>((n + 2) / 3, 10));
          everywhere("nearest", [&](core::Context& ctx, const simd::Kernels& k, Hash& hash) {
            std::vector<std::int32_t> indices(q.rows * count);
            std::vector<float> out(q.rows * count);
            nearest(ctx, k, q, p, count, metric, indices.data(), out.data());
            hash.add(indices);
            hash.add(out);
          });
        }
}

TEST(nearest_of_many_equal_points) {
  const Points p = make(1500, 3, [](std::size_t i, std::size_t) { return i < 1490 ? 1.0f : 2.0f; });
  const Points q = every(p, 20);
  everywhere("nearest", [&](core::Context& ctx, const simd::Kernels& k, Hash& hash) {
    std::vector<std::int32_t> indices(q.rows * 4);
    std::vector<float> out(q.rows * 4);
    nearest(ctx, k, q, p, 4, Metric::euclidean, indices.data(), out.data());
    for (std::size_t i = 0; i < q.rows; ++i) CHECK(indices[4 * i] == 0 && indices[4 * i + 3] == 3);
    hash.add(indices);
  });
}

TEST(kmeans_everywhere) {
  for (auto [n, d] : shapes())
    for (const Points& p : all_points(n, d)) {
      std::vector<float> weight(n);
      for (std::size_t i = 0; i < n; ++i) weight[i] = static_cast<float>(i % 4) + (i == 0 ? 1.0f : 0.0f);
      for (int variant = 0; variant < 6; ++variant) {
        KMeansOptions options;
        options.clusters = std::min<std::size_t>((n + 7) / 8, 12);
        options.max_iterations = 4;
        options.seed = n + d;
        options.cosine = variant % 2;
        options.runs = variant == 0 ? 2 : 1;
        options.init = variant < 2 ? KMeansInit::plus_plus : variant < 4 ? KMeansInit::random : KMeansInit::given;
        const Points initial = every(p, options.clusters);
        if (variant >= 4) options.initial = initial.data.data();
        if (variant == 1 || variant == 2) options.weight = weight.data();
        everywhere("kmeans", [&](core::Context& ctx, const simd::Kernels& k, Hash& hash) {
          std::vector<float> centroids(options.clusters * d);
          std::vector<std::int32_t> labels(n), sizes(options.clusters);
          const KMeansResult result = kmeans(ctx, k, p, options, centroids.data(), labels.data(), sizes.data());
          hash.add(centroids);
          hash.add(labels);
          hash.add(sizes);
          hash.add(result.inertia);
          hash.add(result.iterations);
          std::vector<std::int32_t> again(n);
          std::vector<float> far(n);
          assign(ctx, k, p, {centroids.data(), options.clusters, d}, options.cosine ? Metric::cosine : Metric::euclidean,
                 again.data(), far.data());
          CHECK(again == labels);
        });
      }
    }
}

// Long rows of huge numbers, half of them far from all centroids: no screen knows anything of their scores, and padding must not pass
// for a centroid.
TEST(kmeans_of_huge_numbers) {
  const std::size_t d = 14000, clusters = 3;
  Numbers numbers(3);
  std::vector<float> common(d);
  for (float& v : common) v = numbers.bell() * 1e17f;
  const Points p = make(60, d, [&](std::size_t i, std::size_t l) { return (i % 2 ? -1.0f : 1.0f) * common[l] + numbers.bell() * 1e16f; });
  const Points initial = make(clusters, d, [&](std::size_t j, std::size_t l) { return p.data[2 * j * d + l]; });
  KMeansOptions options;
  options.clusters = clusters;
  options.max_iterations = 3;
  options.init = KMeansInit::given;
  options.initial = initial.data.data();
  std::vector<std::int32_t> first;
  for (const simd::Kernels* k : levels()) {
    core::Context ctx(2);
    std::vector<float> centroids(clusters * d);
    std::vector<std::int32_t> labels(p.rows), sizes(clusters);
    kmeans(ctx, *k, p, options, centroids.data(), labels.data(), sizes.data());
    if (first.empty()) first = labels;
    CHECK(labels == first);
  }
}

namespace {

// A third of the entries of [rows × 13], none in column 4.
struct Sparse {
  static constexpr std::size_t cols = 13;
  explicit Sparse(std::size_t rows) {
    Numbers numbers(rows);
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = 0; j < cols; ++j)
        if (j != 4 && numbers.below(3) == 0) {
          indices.push_back(static_cast<std::int32_t>(j));
          data.push_back(numbers.uniform());
        }
      indptr.push_back(static_cast<std::int64_t>(indices.size()));
    }
  }
  core::SparseView<std::int64_t> view() const {
    return {indptr.data(), indices.data(), data.data(), indptr.size() - 1, cols, data.size()};
  }

  std::vector<std::int64_t> indptr{0};
  std::vector<std::int32_t> indices;
  std::vector<float> data;
};

}  // namespace

TEST(weighted_mean_everywhere) {
  for (auto [n, d] : shapes())
    for (const Points& p : all_points(n, d)) {
      const Sparse sparse(n);
      everywhere("weightedMean", [&](core::Context& ctx, const simd::Kernels& k, Hash& hash) {
        std::vector<float> out(Sparse::cols * d, -1);
        weighted_mean(ctx, k, sparse.view(), p, {out.data(), Sparse::cols, d});
        for (std::size_t l = 0; l < d; ++l) CHECK(out[4 * d + l] == 0);
        hash.add(out);
      });
    }
}

TEST(truncated_svd_everywhere) {
  for (std::size_t n : {std::size_t{1}, std::size_t{40}, std::size_t{quick ? 70u : 1500u}}) {
    const Sparse sparse(n);
    const std::size_t count = std::min<std::size_t>(n, 5);
    everywhere("truncatedSvd", [&](core::Context& ctx, const simd::Kernels& k, Hash& hash) {
      std::vector<float> components(count * Sparse::cols), singular(count), variance(count), ratio(count), embedding(n * count), again(n * count);
      truncated_svd(ctx, k, sparse.view(), count, 7, {components.data(), singular.data(), variance.data(), ratio.data(), embedding.data()});
      truncated_svd_transform(ctx, k, sparse.view(), {components.data(), count, Sparse::cols}, again.data());
      CHECK(again == embedding);
      for (std::size_t c = 1; c < count; ++c) CHECK(singular[c] <= singular[c - 1]);
      for (const auto* v : {&components, &singular, &variance, &ratio, &embedding}) hash.add(*v);
    });
  }
}

TEST(malformed_sparse_matrices_are_refused) {
  const Points p = all_points(40, 3)[0];
  const auto refused = [&](const Sparse& sparse) {
    int count = 0;
    core::Context ctx(2);
    const simd::Kernels& k = simd::best_kernels();
    std::vector<float> out(40 * 13);
    try {
      weighted_mean(ctx, k, sparse.view(), p, {out.data(), Sparse::cols, 3});
    } catch (const core::Error& e) {
      count += e.code() == core::Code::bad_input;
    }
    try {
      truncated_svd_transform(ctx, k, sparse.view(), {p.data.data(), 1, Sparse::cols}, out.data());
    } catch (const core::Error& e) {
      count += e.code() == core::Code::bad_input;
    }
    return count == 2;
  };
  for (const std::int64_t wrong : {std::int64_t{-1}, std::int64_t{1}, std::int64_t{1} << 40}) {
    Sparse s(40);
    s.indptr[0] = wrong;
    CHECK(refused(s));
    s = Sparse(40);
    s.indptr[20] = wrong;
    CHECK(refused(s));
  }
  for (const std::int32_t wrong : {-1, 13, 2147483647}) {
    Sparse s(40);
    s.indices[17] = wrong;
    CHECK(refused(s));
  }
  Sparse s(40);
  s.data.back() = std::numeric_limits<float>::infinity();
  CHECK(refused(s));
  s = Sparse(40);
  s.indices.pop_back();
  s.data.pop_back();
  CHECK(refused(s));
}

TEST(mini_batch_kmeans_everywhere) {
  for (auto [n, d] : shapes())
    for (const Points& p : all_points(n, d))
      for (const bool cosine : {false, true}) {
        KMeansOptions options;
        options.clusters = std::min<std::size_t>((n + 7) / 8, 12);
        options.max_iterations = 6;
        options.seed = n + d;
        options.cosine = cosine;
        MiniBatchOptions batches;
        batches.batch = std::min<std::size_t>(n, 64);
        everywhere("miniBatchKmeans", [&](core::Context& ctx, const simd::Kernels& k, Hash& hash) {
          std::vector<float> centroids(options.clusters * d);
          std::vector<std::int32_t> labels(n), sizes(options.clusters);
          const MiniBatchResult result = mini_batch_kmeans(ctx, k, p, options, batches, centroids.data(), labels.data(), sizes.data());
          for (std::int32_t label : labels) CHECK(label >= 0 && static_cast<std::size_t>(label) < options.clusters);
          hash.add(centroids);
          hash.add(labels);
          hash.add(result.inertia);
          hash.add(result.steps);
        });
      }
}

TEST(pca_everywhere) {
  Shapes wider = shapes();
  wider.push_back({60, 200});  // few components of many columns: Krylov
  wider.push_back({600, 9});   // more rows than are added up at once
  for (auto [n, d] : wider)
    for (const Points& p : all_points(n, d)) {
      const std::size_t count = std::min({n, d, std::size_t{3}});
      everywhere("pca", [&](core::Context& ctx, const simd::Kernels& k, Hash& hash) {
        std::vector<float> mean(d), components(count * d), variance(count), ratio(count), embedding(n * count);
        pca(ctx, k, p, count, {mean.data(), components.data(), variance.data(), ratio.data(), embedding.data()});
        for (const auto* v : {&mean, &components, &variance, &ratio, &embedding}) hash.add(*v);
      });
    }
}

// A cancelled operation ends in `cancelled`, wherever it was.
TEST(operations_stop_when_cancelled) {
  class Stopping : public core::Context {
   public:
    Stopping(unsigned threads, int after) : Context(threads), left_(after) {}

   private:
    void on_progress(const Progress&) noexcept override {
      if (--left_ <= 0) cancel();
    }
    std::atomic<int> left_;
  };
  const Points p = all_points(3000, 6)[0];
  const simd::Kernels& k = simd::best_kernels();
  auto cancelled = [](auto&& run) {
    try {
      run();
      return false;
    } catch (const core::Error& e) {
      return e.code() == core::Code::cancelled;
    }
  };
  for (unsigned threads : {1u, 4u})
    for (int after : {1, 3, 12}) {
      KMeansOptions options;
      options.clusters = 40;
      options.tolerance = 0;
      std::vector<float> centroids(40 * 6);
      std::vector<std::int32_t> labels(3000), sizes(40);
      Stopping one(threads, after);
      CHECK(cancelled([&] { kmeans(one, k, p, options, centroids.data(), labels.data(), sizes.data()); }));
      Stopping two(threads, 1);
      std::vector<float> far(3000);
      CHECK(cancelled([&] { assign(two, k, p, every(p, 9), Metric::euclidean, labels.data(), far.data()); }));
    }
  core::Context done(2);
  done.cancel();
  std::vector<float> out(3000 * 3000);
  CHECK(cancelled([&] { distances(done, k, p, p, Metric::dot, {out.data(), 3000, 3000}); }));
}

// Declared last, so that it runs last in this file.
TEST(the_hashes) {
  for (const auto& [operation, hash] : hashes())
    std::printf("hash %s %016llx\n", operation.c_str(), static_cast<unsigned long long>(hash.value()));
  CHECK(hashes().size() == 8);
}
