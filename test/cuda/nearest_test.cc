#include <algorithm>
#include <vector>

#include "cuda/nearest.h"
#include "small_memory.h"
#include "support.h"

using namespace matomari;
using namespace matomari::test;

namespace {

// Indices and distances of the device against the CPU's, bit for bit.
void compare(core::ConstMatrix queries, core::ConstMatrix points, std::size_t count, Metric metric) {
  core::Context ctx(2);
  const std::size_t n = queries.rows * count;
  std::vector<std::int32_t> indices(n, -1), wanted(n);
  std::vector<float> distances(n), wanted_distances(n);
  nearest(ctx, simd::best_kernels(), queries, points, count, metric, wanted.data(), wanted_distances.data(), ScreenWish::f32);
  const Neighbours found =
      cuda::nearest(ctx, simd::best_kernels(), 0, queries, points, count, metric, indices.data(), distances.data());
  CHECK(indices == wanted);
  CHECK(same_bits(distances, wanted_distances));
  CHECK(found.rechecked_share >= 0 && found.rechecked_share <= 1);
}

// The second half of the rows once more, in the order of their first column: neighbours come one after another.
Points in_order(const Points& p) {
  std::vector<std::size_t> rows(p.rows);
  for (std::size_t i = 0; i < p.rows; ++i) rows[i] = i;
  std::sort(rows.begin(), rows.end(), [&](std::size_t a, std::size_t b) { return p.data[a * p.cols] > p.data[b * p.cols]; });
  return make(p.rows, p.cols, [&](std::size_t i, std::size_t l) { return p.data[rows[i] * p.cols + l]; });
}

}  // namespace

TEST(nearest_equals_the_cpu) {
  const std::size_t shapes[][4] = {{1, 1, 1, 1}, {3, 300, 17, 5}, {130, 257, 65, 3}, {40, 513, 33, 40}, {9, 300, 400, 3}};  // queries, points, columns, k
  std::size_t turn = 0;
  for (const auto& [queries, rows, cols, count] : shapes)
    for (const Points& points : all_points(rows, cols)) {
      if (!quick || turn % 4 == 0) compare(every(points, queries), points, count, kMetrics[turn % 4]);
      ++turn;
    }
}

TEST(nearest_among_themselves) {
  std::size_t turn = 0;
  for (const Points& points : all_points(290, 40)) compare(points, points, 7, kMetrics[turn++ % 4]);
}

TEST(nearest_of_more_queries_than_keep_the_processors_busy) {
  // No block shares its tiles of targets with another then, and goes through several: with rows that stay and rows that come anew.
  compare(bells(1040, 9, 1), bells(1040, 9, 1), 3, Metric::euclidean);
  compare(bells(1040, 390, 2), bells(800, 390, 3), 3, Metric::cosine);
}

TEST(nearest_of_points_that_come_in_blocks) {
  const SmallMemory small;
  std::size_t turn = 0;
  for (const Points& points : all_points(400, 20)) {
    compare(points, points, 5, kMetrics[turn % 4]);
    compare(every(points, 30), points, 80, kMetrics[++turn % 4]);
  }
}

TEST(nearest_where_more_points_come_at_once_than_can_be_noted) {
  Numbers n(3);
  const Points points = in_order(make(900, 8, [&](std::size_t, std::size_t l) { return l == 0 ? 9 * n.bell() : 0.2f * n.bell(); }));
  for (const Metric metric : kMetrics) compare(every(points, 60), points, 4, metric);
  // All alike, and some alike: whoever has the lowest index is nearest.
  compare(make(20, 3, [](std::size_t, std::size_t) { return 1.0f; }), make(700, 3, [](std::size_t, std::size_t) { return 2.0f; }), 9,
          Metric::euclidean);
  const Points few = make(700, 6, [&](std::size_t i, std::size_t l) { return static_cast<float>((i % 3 + 1) * (l + 1)); });
  for (const Metric metric : kMetrics) compare(every(few, 30), few, 9, metric);
}

TEST(nearest_where_many_ask_again) {
  Numbers n(4);
  const Points points = in_order(make(300, 8, [&](std::size_t, std::size_t l) { return l == 0 ? 9 * n.bell() : 0.2f * n.bell(); }));
  const SmallMemory small("7");
  for (const Metric metric : {Metric::euclidean, Metric::cosine}) compare(every(points, 140), points, 4, metric);
}

TEST(nearest_with_zero_vectors_under_cosine) {
  Numbers n(8);
  const Points points = make(300, 12, [&](std::size_t i, std::size_t) { return i % 9 == 2 ? 0.0f : n.bell(); });
  compare(points, points, 6, Metric::cosine);
}

TEST(nearest_refuses_what_the_cpu_refuses) {
  auto message = [](const Points& queries, const Points& points, std::size_t count) {
    core::Context ctx(1);
    std::vector<std::int32_t> indices(queries.rows * count);
    std::vector<float> distances(indices.size());
    return refusal(core::Code::bad_input, [&] {
      cuda::nearest(ctx, simd::best_kernels(), 0, queries, points, count, Metric::dot, indices.data(), distances.data());
    });
  };
  const Points good = ladder(200, 3), bad = with_nan(good, 150, 2);
  CHECK(message(bad, good, 2).find("queries holds NaN at row 150, column 2") == 0);
  CHECK(message(good, bad, 2).find("points holds NaN at row 150, column 2") == 0);
  CHECK(message(good, ladder(1100, 3), 1025).find("k is 1025, and a CUDA device finds at most 1024") == 0);
}

TEST(nearest_can_be_cancelled) {
  const Points points = ladder(200, 3);
  std::vector<std::int32_t> indices(200);
  std::vector<float> distances(200);
  CHECK(stops([&](core::Context& ctx) {
    cuda::nearest(ctx, simd::best_kernels(), 0, points, points, 1, Metric::dot, indices.data(), distances.data());
  }));
}
