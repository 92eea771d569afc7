// What every operation on the device has in common: memory, cancelling, and several threads at once.
#include <cstring>
#include <optional>
#include <thread>
#include <vector>

#include "cuda/assign.h"
#include "cuda/kmeans.h"
#include "cuda/nearest.h"
#include "small_memory.h"
#include "support.h"

using namespace matomari;
using namespace matomari::test;

namespace {

// Cancels itself at the second report of a stage.
struct Impatient : core::Context {
  explicit Impatient(const char* stage) : core::Context(1), wanted(stage) {}
  void on_progress(const Progress& now) noexcept override {
    if (std::strcmp(now.stage, wanted) == 0 && ++reports == 2) cancel();
  }
  const char* wanted;
  int reports = 0;
};

KMeansResult fit(core::Context& ctx, const Points& points, std::size_t clusters, std::vector<std::int32_t>& labels) {
  KMeansOptions options;
  options.clusters = clusters;
  options.tolerance = 0;
  options.max_iterations = 20;
  std::vector<float> centroids(clusters * points.cols);
  std::vector<std::int32_t> sizes(clusters);
  labels.resize(points.rows);
  return cuda::kmeans(ctx, 0, points, options, centroids.data(), labels.data(), sizes.data());
}

}  // namespace

TEST(session_stops_when_cancelled_on_the_way) {
  const Points points = bells(400, 9, 400);
  for (const bool in_blocks : {false, true})
    for (const char* const stage : {"seed", "kmeans"}) {
      std::optional<SmallMemory> small;
      if (in_blocks) small.emplace();
      Impatient ctx(stage);
      std::vector<std::int32_t> labels;
      CHECK(!refusal(core::Code::cancelled, [&] { fit(ctx, points, 20, labels); }).empty());
      CHECK(ctx.reports == 2);
    }
}

TEST(session_says_how_much_memory_was_asked_for) {
  const MemoryLimit limit("1");
  core::Context ctx(1);
  std::vector<std::int32_t> labels;
  const std::string message = refusal(core::Code::out_of_memory, [&] { fit(ctx, bells(3000, 100, 3000), 200, labels); });
  CHECK(message.find(" MiB were asked of a CUDA device that has ") != std::string::npos);
  CHECK(message.find(" free of the 1 MiB that MATOMARI_CUDA_MEMORY allows") != std::string::npos);
}

TEST(session_gives_all_its_memory_back) {
  const MemoryLimit limit("24");
  const Points points = bells(260, 24, 260);
  std::vector<std::int32_t> labels, again;
  for (int turn = 0; turn < (quick ? 3 : 12); ++turn) {
    core::Context ctx(1);
    fit(ctx, points, 4, turn == 0 ? labels : again);
    CHECK(turn == 0 || again == labels);
    Impatient stopped("kmeans");
    std::vector<std::int32_t> ignored;
    CHECK(!refusal(core::Code::cancelled, [&] { fit(stopped, points, 4, ignored); }).empty());
  }
}

TEST(session_of_several_threads_at_once) {
  const Points points = bells(300, 20, 300), centroids = every(points, 9);
  core::Context ctx(1);
  std::vector<std::int32_t> wanted(300), wanted_indices(300 * 4);
  std::vector<float> distances(300), far(300 * 4);
  assign(ctx, simd::best_kernels(), points, centroids, Metric::euclidean, wanted.data(), distances.data());
  nearest(ctx, simd::best_kernels(), points, points, 4, Metric::euclidean, wanted_indices.data(), far.data());
  bool right[4] = {};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      core::Context own(1);
      if (t % 2 == 0) {
        std::vector<std::int32_t> labels(300);
        std::vector<float> found(300);
        cuda::assign(own, 0, points, centroids, Metric::euclidean, labels.data(), found.data());
        right[t] = labels == wanted;
      } else {
        std::vector<std::int32_t> indices(300 * 4);
        std::vector<float> found(300 * 4);
        cuda::nearest(own, simd::best_kernels(), 0, points, points, 4, Metric::euclidean, indices.data(), found.data());
        right[t] = indices == wanted_indices;
      }
    });
  for (std::thread& t : threads) t.join();
  for (const bool each : right) CHECK(each);
}
