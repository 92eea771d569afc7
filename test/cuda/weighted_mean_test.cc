#include <limits>
#include <optional>
#include <vector>

#include "cuda/weighted_mean.h"
#include "small_memory.h"
#include "support.h"

using namespace matomari;
using namespace matomari::test;

namespace {

struct Sparse {
  std::vector<std::int64_t> indptr{0};
  std::vector<std::int32_t> indices;
  std::vector<float> data;
  std::size_t rows, cols;
  operator SparseView<std::int64_t>() const { return {indptr.data(), indices.data(), data.data(), rows, cols, indices.size()}; }
};

// The first word is in every document, the last in none, and the second weighs nothing.
Sparse some_words(std::size_t rows, std::size_t words) {
  Sparse s;
  s.rows = rows;
  s.cols = words;
  Numbers n(rows + words);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j + 1 < words; ++j) {
      if (j > 0 && n.below(4) != 0) continue;
      s.indices.push_back(static_cast<std::int32_t>(j));
      s.data.push_back(j == 1 ? 0.0f : n.bell());
    }
    s.indptr.push_back(static_cast<std::int64_t>(s.indices.size()));
  }
  return s;
}

void compare(const Sparse& weights, const Points& vectors, unsigned threads) {
  core::Context ctx(threads);
  std::vector<float> wanted(weights.cols * vectors.cols), out(wanted.size());
  weighted_mean<std::int64_t>(ctx, simd::best_kernels(), weights, vectors, {wanted.data(), weights.cols, vectors.cols});
  cuda::weighted_mean<std::int64_t>(ctx, 0, weights, vectors, {out.data(), weights.cols, vectors.cols});
  CHECK(same_bits(out, wanted));
}

}  // namespace

TEST(weighted_mean_equals_the_cpu) {
  // Documents, words, columns: around the edges of a strip of 128 columns, and with more entries than are fetched at once.
  const std::size_t shapes[][3] = {{1, 1, 1}, {70, 5, 3}, {200, 40, 129}};
  for (const auto& [rows, words, cols] : shapes)
    for (const Points& vectors : all_points(rows, cols))
      for (const unsigned threads : {1u, 3u}) compare(some_words(rows, words), vectors, threads);
}

TEST(weighted_mean_of_rows_and_words_that_come_in_blocks) {
  // Blocks of rows are cut, and the words come in turns: 30 threads make blocks of 7 rows, which no cut divides.
  for (const char* const at_once : {"1", "5", "7", "50"}) {
    const SmallMemory small(at_once);
    for (const unsigned threads : {1u, 3u, 30u}) compare(some_words(200, 40), bells(200, threads == 3 ? 130 : 5, 1), threads);
  }
}

TEST(weighted_mean_for_which_memory_is_short) {
  const MemoryLimit limit("1");
  for (const std::size_t words : {40, 700}) compare(some_words(900, words), bells(900, 300, 2), 1);
}

TEST(weighted_mean_refuses_what_the_cpu_refuses) {
  Points vectors = ladder(3, 2);
  vectors.data[5] = std::numeric_limits<float>::infinity();
  const std::int32_t indptr[] = {0, 1, 1, 1}, indices[] = {0};
  const float data[] = {1};
  float out[2];
  core::Context ctx(1);
  std::optional<SmallMemory> small;
  for (int turn = 0; turn < 2; ++turn, small.emplace("1"))
    CHECK(refusal(core::Code::bad_input, [&] {
            cuda::weighted_mean(ctx, 0, SparseView<std::int32_t>{indptr, indices, data, 3, 1, 1}, vectors, {out, 1, 2});
          }).find("vectors holds Infinity at row 2, column 1") == 0);
}
