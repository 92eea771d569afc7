#include <vector>

#include "cuda/assign.h"
#include "nearest/assign.h"
#include "small_memory.h"
#include "support.h"

using namespace matomari;
using namespace matomari::test;

namespace {

// Labels and distances of the device against the CPU's, bit for bit.
void compare(const Points& points, const Points& centroids, Metric metric) {
  core::Context ctx(2);
  std::vector<std::int32_t> labels(points.rows), wanted(points.rows);
  std::vector<float> distances(points.rows), wanted_distances(points.rows);
  assign(ctx, simd::best_kernels(), points, centroids, metric, wanted.data(), wanted_distances.data());
  const Assigned found = cuda::assign(ctx, 0, points, centroids, metric, labels.data(), distances.data());
  CHECK(labels == wanted);
  CHECK(same_bits(distances, wanted_distances));
  CHECK(found.rechecked_share >= 0 && found.rechecked_share <= 1);
}

}  // namespace

TEST(assign_equals_the_cpu) {
  // Around the edges of a tile of 128 rows, 128 or 256 targets and 64 columns, and of the 384 columns of which rows are kept.
  const std::size_t shapes[][3] = {{1, 1, 1}, {127, 17, 63}, {129, 130, 65}, {140, 257, 33}, {128, 64, 200}, {280, 270, 384}, {280, 270, 385}};
  std::size_t turn = 0;
  for (const auto& [rows, clusters, cols] : shapes)
    for (const Points& points : all_points(rows, cols)) {
      if (!quick || turn % 5 == 0) compare(points, every(points, clusters), kMetrics[turn % 4]);
      ++turn;
    }
}

TEST(assign_of_the_same_centroid_many_times) {
  const Points points = bells(150, 20, 5);
  const Points centroids = make(140, 20, [&](std::size_t j, std::size_t l) { return points.data[j % 3 * 20 + l]; });
  for (const Metric metric : kMetrics) compare(points, centroids, metric);
}

TEST(assign_of_rows_that_come_in_blocks) {
  const SmallMemory small;
  for (const Points& points : all_points(520, 40)) compare(points, every(points, 21), Metric::cosine);
}

TEST(assign_leaves_few_rows_in_doubt) {
  Numbers n(6);
  const Points points = make(512, 96, [&](std::size_t, std::size_t l) { return n.bell() + (l == 3 ? 5.0f : 0.0f); });
  const Points centroids = every(points, 60);
  core::Context ctx(1);
  std::vector<std::int32_t> labels(points.rows);
  std::vector<float> distances(points.rows);
  const Assigned found = cuda::assign(ctx, 0, points, centroids, Metric::euclidean, labels.data(), distances.data());
  std::printf("in doubt: %.4f of the rows\n", found.rechecked_share);
  CHECK(found.rechecked_share < 0.05);
}

TEST(assign_refuses_what_the_cpu_refuses) {
  auto message = [](const Points& points, const Points& centroids, Metric metric) {
    core::Context ctx(1);
    std::vector<std::int32_t> labels(points.rows);
    std::vector<float> distances(points.rows);
    return refusal(core::Code::bad_input, [&] { cuda::assign(ctx, 0, points, centroids, metric, labels.data(), distances.data()); });
  };
  const Points good = ladder(200, 3), bad = with_nan(good, 150, 2), zero = with_zero_row(good, 130);
  CHECK(message(bad, good, Metric::dot).find("points holds NaN at row 150, column 2") == 0);
  CHECK(message(good, bad, Metric::dot).find("centroids holds NaN at row 150, column 2") == 0);
  CHECK(message(zero, good, Metric::cosine).find("points holds a zero vector at row 130") == 0);
  CHECK(message(good, zero, Metric::cosine).find("centroids holds a zero vector at row 130") == 0);
  CHECK(message(good, good, Metric::cosine).empty());
}

TEST(assign_can_be_cancelled) {
  const Points points = ladder(200, 3);
  std::vector<std::int32_t> labels(points.rows);
  std::vector<float> distances(points.rows);
  CHECK(stops([&](core::Context& ctx) { cuda::assign(ctx, 0, points, points, Metric::dot, labels.data(), distances.data()); }));
}
