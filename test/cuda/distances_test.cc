#include <vector>

#include "cuda/distances.h"
#include "distances/distances.h"
#include "small_memory.h"
#include "support.h"

using namespace matomari;
using namespace matomari::test;

namespace {

void compare(const Points& a, const Points& b, Metric metric) {
  core::Context ctx(2);
  std::vector<float> out(a.rows * b.rows), wanted(out.size());
  distances(ctx, simd::best_kernels(), a, b, metric, {wanted.data(), a.rows, b.rows});
  cuda::distances(ctx, 0, a, b, metric, {out.data(), a.rows, b.rows});
  CHECK(same_bits(out, wanted));
}

}  // namespace

TEST(distances_equal_the_cpu) {
  // Around the edges of a tile of 64 × 64 pairs and 16 columns.
  const std::size_t shapes[][3] = {{1, 1, 1}, {3, 65, 17}, {64, 64, 16}, {130, 7, 40}};
  for (const auto& [rows, others, cols] : shapes)
    for (const Points& a : all_points(rows, cols))
      for (const Metric metric : kMetrics) compare(a, every(a, std::min(rows, others)), metric);
}

TEST(distances_of_rows_that_come_in_blocks) {
  const SmallMemory small;
  const Points many = bells(300, 7, 1), more = bells(400, 7, 2), few = bells(50, 7, 3);
  for (const Metric metric : kMetrics) compare(many, more, metric);
  compare(few, many, Metric::euclidean);
  compare(many, few, Metric::cosine);
}

TEST(distances_of_rows_for_which_memory_is_short) {
  const MemoryLimit limit("1");
  compare(bells(600, 200, 4), bells(600, 200, 5), Metric::euclidean);
}

TEST(distances_refuse_what_the_cpu_refuses) {
  auto message = [](const Points& a, const Points& b) {
    core::Context ctx(1);
    std::vector<float> out(a.rows * b.rows);
    return refusal(core::Code::bad_input, [&] { cuda::distances(ctx, 0, a, b, Metric::dot, {out.data(), a.rows, b.rows}); });
  };
  const Points good = ladder(200, 3), bad = with_nan(good, 150, 2);
  for (const char* const rows : {"1000", "128"}) {
    const SmallMemory small(rows);
    CHECK(message(bad, good).find("a holds NaN at row 150, column 2") == 0);
    CHECK(message(good, bad).find("b holds NaN at row 150, column 2") == 0);
  }
}

TEST(distances_can_be_cancelled) {
  const Points points = ladder(20, 3);
  std::vector<float> out(400);
  CHECK(stops([&](core::Context& ctx) { cuda::distances(ctx, 0, points, points, Metric::dot, {out.data(), 20, 20}); }));
}
