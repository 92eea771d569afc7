#include <cstring>
#include <vector>

#include "../native/points.h"
#include "cuda/distances.h"
#include "distances/distances.h"

using namespace matomari;
using namespace matomari::test;

TEST(distances_equal_the_cpu) {
  // Around the edges of a tile of 64 × 64 pairs and 16 columns.
  const std::size_t shapes[][3] = {{1, 1, 1}, {3, 65, 17}, {64, 64, 16}, {130, 7, 40}};
  core::Context ctx(2);
  for (const auto& [rows, others, cols] : shapes)
    for (const Points& a : all_points(rows, cols)) {
      const Points b = every(a, std::min(rows, others));
      for (const Metric metric : {Metric::euclidean, Metric::sqeuclidean, Metric::cosine, Metric::dot}) {
        std::vector<float> out(a.rows * b.rows), wanted(out.size());
        distances(ctx, simd::best_kernels(), a, b, metric, {wanted.data(), a.rows, b.rows});
        cuda::distances(ctx, 0, a, b, metric, {out.data(), a.rows, b.rows});
        CHECK(std::memcmp(out.data(), wanted.data(), out.size() * sizeof(float)) == 0);
      }
    }
}
