#include <cstring>
#include <limits>
#include <vector>

#include "../native/points.h"
#include "core/error.h"
#include "cuda/weighted_mean.h"

using namespace matomari;
using namespace matomari::test;

TEST(weighted_mean_equals_the_cpu) {
  const std::size_t shapes[][3] = {{1, 1, 1}, {70, 5, 3}, {200, 40, 129}};  // documents, words, columns
  for (const auto& [rows, words, cols] : shapes)
    for (const Points& vectors : all_points(rows, cols)) {
      Numbers n(rows + words);
      std::vector<std::int64_t> indptr{0};
      std::vector<std::int32_t> indices;
      std::vector<float> data;
      for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t j = 0; j < words; ++j)
          // The first word is in every document, the last in none, and the second weighs nothing.
          if (j + 1 < words && (j == 0 || n.below(4) == 0)) {
            indices.push_back(static_cast<std::int32_t>(j));
            data.push_back(j == 1 ? 0.0f : n.bell());
          }
        indptr.push_back(static_cast<std::int64_t>(indices.size()));
      }
      const SparseView<std::int64_t> weights{indptr.data(), indices.data(), data.data(), rows, words, indices.size()};
      std::vector<float> wanted(words * cols), out(words * cols);
      for (const unsigned threads : {1u, 3u}) {
        core::Context ctx(threads);
        weighted_mean(ctx, simd::best_kernels(), weights, vectors, {wanted.data(), words, cols});
        cuda::weighted_mean(ctx, 0, weights, vectors, {out.data(), words, cols});
        CHECK(std::memcmp(out.data(), wanted.data(), out.size() * sizeof(float)) == 0);
      }
    }
}

TEST(weighted_mean_refuses_what_the_cpu_refuses) {
  Points vectors = make(3, 2, [](std::size_t, std::size_t) { return 1.0f; });
  vectors.data[5] = std::numeric_limits<float>::infinity();
  const std::int32_t indptr[] = {0, 1, 1, 1}, indices[] = {0};
  const float data[] = {1};
  float out[2];
  core::Context ctx(1);
  std::string message;
  try {
    cuda::weighted_mean(ctx, 0, SparseView<std::int32_t>{indptr, indices, data, 3, 1, 1}, vectors, {out, 1, 2});
  } catch (const core::Error& e) {
    message = e.what();
  }
  CHECK(message.find("vectors holds Infinity at row 2, column 1") == 0);
}
