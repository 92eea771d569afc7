#include <optional>
#include <vector>

#include "cuda/kmeans.h"
#include "small_memory.h"
#include "support.h"

using namespace matomari;
using namespace matomari::test;

namespace {

struct Fitted {
  std::vector<float> centroids;
  std::vector<std::int32_t> labels, sizes;
  KMeansResult result;
};

Fitted room(const Points& points, std::size_t clusters) {
  return {std::vector<float>(clusters * points.cols), std::vector<std::int32_t>(points.rows), std::vector<std::int32_t>(clusters), {}};
}

// Everything that a fit returns, of the device against the CPU, bit for bit.
void compare(const Points& points, const KMeansOptions& options) {
  core::Context ctx(2);
  Fitted cpu = room(points, options.clusters), device = room(points, options.clusters);
  cpu.result = kmeans(ctx, simd::best_kernels(), points, options, cpu.centroids.data(), cpu.labels.data(), cpu.sizes.data());
  device.result = cuda::kmeans(ctx, 0, points, options, device.centroids.data(), device.labels.data(), device.sizes.data());
  CHECK(device.labels == cpu.labels);
  CHECK(device.sizes == cpu.sizes);
  CHECK(same_bits(device.centroids, cpu.centroids));
  CHECK(device.result.inertia == cpu.result.inertia);
  CHECK(device.result.iterations == cpu.result.iterations);
  CHECK(device.result.converged == cpu.result.converged);
}

std::vector<float> some_weights(std::size_t rows) {
  Numbers n(rows);
  std::vector<float> weights;
  for (std::size_t i = 0; i < rows; ++i) weights.push_back(i % 7 == 3 ? 0.0f : 0.1f + 3 * n.uniform());
  return weights;
}

Points blobs(std::size_t rows, std::size_t cols, std::size_t middles) {
  Numbers n(rows + middles);
  const Points middle = make(middles, cols, [&](std::size_t, std::size_t) { return 4 * n.bell(); });
  return make(rows, cols, [&](std::size_t i, std::size_t l) { return middle.data[i % middles * cols + l] + 0.5f * n.bell(); });
}

}  // namespace

TEST(kmeans_equals_the_cpu) {
  const std::size_t shapes[][3] = {{1, 1, 1}, {130, 3, 9}, {257, 33, 20}, {300, 65, 40}};  // rows, columns, clusters
  std::size_t turn = 0;
  for (const auto& [rows, cols, clusters] : shapes)
    for (const Points& points : all_points(rows, cols)) {
      const std::vector<float> weights = some_weights(rows);
      KMeansOptions options;
      options.clusters = clusters;
      options.max_iterations = 6;
      options.seed = turn;
      options.cosine = turn % 2 == 1;
      if (turn % 3 == 1 && rows > 1) options.weight = weights.data();
      if (turn % 4 == 3) options.init = KMeansInit::random;
      if (!quick || turn % 4 == 0) compare(points, options);
      ++turn;
    }
}

TEST(kmeans_from_centroids_that_are_given) {
  const Points points = blobs(300, 12, 6), initial = every(points, 8);
  for (const bool cosine : {false, true})
    for (const double tolerance : {0.0, 1e-4, 0.05}) {
      KMeansOptions options;
      options.clusters = 8;
      options.init = KMeansInit::given;
      options.initial = initial.data.data();
      options.cosine = cosine;
      options.tolerance = tolerance;
      compare(points, options);
    }
}

TEST(kmeans_takes_the_best_of_several_runs) {
  KMeansOptions options;
  options.clusters = 9;
  options.runs = 4;
  options.max_iterations = 5;
  options.seed = 11;
  compare(blobs(260, 4, 9), options);
  options.init = KMeansInit::random;
  compare(blobs(260, 4, 9), options);
}

TEST(kmeans_of_more_rows_than_a_block_takes) {
  const Points points = blobs(quick ? 1100 : 2700, 4, 50);
  const std::vector<float> weights = some_weights(points.rows);
  KMeansOptions options;
  options.clusters = 60;
  options.max_iterations = 3;
  for (const std::uint64_t seed : {1, 2}) {
    options.seed = seed;
    compare(points, options);
  }
  options.cosine = true;
  options.weight = weights.data();
  compare(points, options);
}

TEST(kmeans_of_rows_that_come_in_blocks) {
  const SmallMemory small("50");
  const Points points = blobs(400, 20, 9);
  const std::vector<float> weights = some_weights(points.rows);
  KMeansOptions options;
  options.clusters = 9;
  options.max_iterations = 4;
  compare(points, options);
  options.cosine = true;
  options.weight = weights.data();
  compare(points, options);
  options.init = KMeansInit::random;
  options.runs = 2;
  compare(points, options);
}

TEST(kmeans_fills_clusters_that_are_empty) {
  std::optional<SmallMemory> small;
  const Points points = blobs(290, 5, 4);
  Points initial = every(points, 7);
  for (const std::size_t j : {1, 4, 6})
    for (std::size_t l = 0; l < 5; ++l) initial.data[j * 5 + l] = 1e4f * static_cast<float>(j + 1);
  const std::vector<float> weights = some_weights(points.rows);
  for (const bool cosine : {false, true})
    for (const float* weight : {static_cast<const float*>(nullptr), weights.data()}) {
      KMeansOptions options;
      options.clusters = 7;
      options.init = KMeansInit::given;
      options.initial = initial.data.data();
      options.cosine = cosine;
      options.weight = weight;
      compare(points, options);
      small.emplace("2");
    }
}

TEST(kmeans_with_more_clusters_than_different_points) {
  const Points points = make(60, 4, [](std::size_t i, std::size_t l) { return static_cast<float>((i % 3 + 1) * (l + 1 + i % 3)); });
  for (const KMeansInit init : {KMeansInit::plus_plus, KMeansInit::random}) {
    KMeansOptions options;
    options.clusters = 10;
    options.init = init;
    compare(points, options);
  }
}

TEST(kmeans_with_a_far_outlier) {
  Points points = blobs(400, 5, 9);
  for (std::size_t l = 0; l < 5; ++l) points.data[55 * 5 + l] = 3e9f;
  KMeansOptions options;
  options.clusters = 11;
  for (const std::uint64_t seed : {0, 7, 9}) {
    options.seed = seed;
    compare(points, options);
  }
}

TEST(kmeans_refuses_what_the_cpu_refuses) {
  auto message = [](const Points& points, const KMeansOptions& options) {
    core::Context ctx(1);
    Fitted out = room(points, options.clusters);
    return refusal(core::Code::bad_input, [&] {
      cuda::kmeans(ctx, 0, points, options, out.centroids.data(), out.labels.data(), out.sizes.data());
    });
  };
  const Points good = ladder(200, 3), bad = with_nan(good, 150, 2), zero = with_zero_row(good, 130);
  KMeansOptions options;
  options.clusters = 3;
  std::vector<float> weights(200, 1.0f);
  weights[5] = -1;
  CHECK(message(bad, options).find("points holds NaN at row 150, column 2") == 0);
  options.weight = weights.data();
  CHECK(message(bad, options).find("points holds NaN at row 150, column 2") == 0);
  CHECK(message(good, options).find("sampleWeight[5] is -1") == 0);
  options.weight = nullptr;
  options.cosine = true;
  CHECK(message(zero, options).find("points holds a zero vector at row 130") == 0);
  options.init = KMeansInit::given;
  const std::vector<float> initial(9, 0.0f);
  options.initial = initial.data();
  CHECK(message(good, options).find("init holds a zero vector at row 0") == 0);
}

TEST(kmeans_can_be_cancelled) {
  const Points points = blobs(300, 3, 4);
  const KMeansOptions options;
  Fitted out = room(points, options.clusters);
  CHECK(stops([&](core::Context& ctx) {
    cuda::kmeans(ctx, 0, points, options, out.centroids.data(), out.labels.data(), out.sizes.data());
  }));
}
