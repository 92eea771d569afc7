#include "cuda/kmeans.h"

#include <algorithm>
#include <string>
#include <vector>

#include "core/buffer.h"
#include "core/finite.h"
#include "cuda/call.h"
#include "kmeans/row_sums.h"
#include "kmeans/seeding.h"
#include "nearest/assign.h"

namespace matomari::cuda {

KMeansResult kmeans(core::Context& ctx, int device, core::ConstMatrix points, const KMeansOptions& options, float* centroids,
                    std::int32_t* labels, std::int32_t* sizes) {
  const MatomariCudaApi& api = plugin(device);
  if (points.rows >> 31 != 0)
    throw core::Error(core::Code::bad_input, "points has " + std::to_string(points.rows) +
                                                 " rows, and a CUDA device takes fewer than 2147483648: use device 'cpu'");
  const core::ConstMatrix init{options.initial, options.clusters, points.cols};
  auto directions = [&](core::ConstMatrix m, const char* name) {
    core::Buffer<double> ignored(m.rows);
    if (options.cosine) require_directions(ctx, m, name, ignored.data());
  };
  auto check = [&] {
    require_finite(ctx, points, "points");
    if (options.weight) check_weights(options.weight, points.rows);
    directions(points, "points");
    if (options.init != KMeansInit::given) return;
    require_finite(ctx, init, "init");
    directions(init, "init");
  };
  MatomariCudaKMeans arguments{};
  try {
    arguments.largest_weight = options.weight ? check_weights(options.weight, points.rows) : 1.0;
    if (options.init == KMeansInit::given) {
      require_finite(ctx, init, "init");
      directions(init, "init");
    }
  } catch (const core::Error& e) {
    if (e.code() == core::Code::bad_input) check();  // the points may have something wrong that comes first
    throw;
  }
  // Rows drawn by weight alone are no work for a device.
  const std::uint32_t runs = options.init == KMeansInit::given ? 1 : options.runs;
  std::vector<std::uint32_t> rows;
  for (std::uint32_t r = 0; options.init == KMeansInit::random && r < runs; ++r)
    for (const std::size_t row : seed_random(ctx, {points, nullptr, options.weight}, options.clusters, options.seed, r))
      rows.push_back(static_cast<std::uint32_t>(row));

  arguments.device = device;
  arguments.points = points.data;
  arguments.rows = points.rows;
  arguments.cols = points.cols;
  arguments.clusters = options.clusters;
  arguments.cosine = options.cosine;
  arguments.weight = options.weight;
  arguments.initial = options.initial;
  arguments.seeds = rows.empty() ? nullptr : rows.data();
  arguments.seed = options.seed;
  arguments.runs = runs;
  arguments.max_iterations = options.max_iterations;
  arguments.tolerance = options.tolerance;
  arguments.centroids = centroids;
  arguments.labels = labels;
  call(ctx, api.kmeans, arguments, check);
  std::fill_n(sizes, options.clusters, 0);
  for (std::size_t i = 0; i < points.rows; ++i) ++sizes[labels[i]];
  return {arguments.inertia, arguments.iterations, arguments.converged, arguments.rechecked_share, simd::Screen::f16};
}

}  // namespace matomari::cuda
