#include "cuda/nearest.h"

#include <algorithm>
#include <string>
#include <vector>

#include "core/finite.h"
#include "cuda/call.h"

namespace matomari::cuda {

namespace {

// The queries whose lists the device could not put in order.
void settle_torn(core::Context& ctx, const simd::Kernels& k, core::ConstMatrix queries, core::ConstMatrix points, std::size_t count,
                 Metric metric, const std::vector<std::uint8_t>& torn, std::int32_t* indices, float* distances) {
  std::vector<std::size_t> rows;
  std::vector<float> data;
  for (std::size_t i = 0; i < queries.rows; ++i) {
    if (!torn[i]) continue;
    rows.push_back(i);
    data.insert(data.end(), queries.row(i), queries.row(i) + queries.cols);
  }
  std::vector<std::int32_t> found(rows.size() * count);
  std::vector<float> far(found.size());
  const core::Quiet quiet(ctx);
  matomari::nearest(ctx, k, {data.data(), rows.size(), queries.cols}, points, count, metric, found.data(), far.data());
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::copy_n(found.data() + r * count, count, indices + rows[r] * count);
    std::copy_n(far.data() + r * count, count, distances + rows[r] * count);
  }
}

}  // namespace

Neighbours nearest(core::Context& ctx, const simd::Kernels& k, int device, core::ConstMatrix queries, core::ConstMatrix points,
                   std::size_t count, Metric metric, std::int32_t* indices, float* distances) {
  const MatomariCudaApi& api = plugin(device);
  if (count > kMostNeighbours)
    throw core::Error(core::Code::bad_input, "k is " + std::to_string(count) + ", and a CUDA device finds at most " +
                                                 std::to_string(kMostNeighbours) + " neighbours: lower k, or use device 'cpu'");
  if (points.rows >> 31 != 0 || queries.rows >> 31 != 0)
    throw core::Error(core::Code::bad_input, "a CUDA device takes fewer than 2147483648 rows: use device 'cpu'");
  Neighbours out;
  out.screen = simd::Screen::f16;
  auto check = [&] {
    require_finite(ctx, queries, "queries");
    if (points.data != queries.data) require_finite(ctx, points, "points");
  };
  if (queries.rows == 0) {
    check();
    return out;
  }
  std::vector<std::uint8_t> torn(queries.rows, 0);
  MatomariCudaNearest arguments{device, static_cast<int>(metric), queries.data, queries.rows, points.data, points.rows, points.cols, count,
                                indices, distances, torn.data(), 0, 0};
  call(ctx, api.nearest, arguments, check);
  if (arguments.torn_count > 0) settle_torn(ctx, k, queries, points, count, metric, torn, indices, distances);
  out.rechecked_share = static_cast<double>(arguments.rechecked) / static_cast<double>(queries.rows);
  return out;
}

}  // namespace matomari::cuda
