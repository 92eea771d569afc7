// assign on the device.
#include <algorithm>

#include "cuda/operations.h"
#include "cuda/prepare.h"
#include "cuda/runtime.h"
#include "cuda/search.h"

namespace matomari::cuda {

namespace {

// The caller names row and column.
void refuse_if(const DeviceBuffer<unsigned>& bad) {
  if (bad.fetch() != 0) throw core::Error(core::Code::bad_input, "the data hold a value that is not usable");
}

void run(const MatomariCudaJob& job, MatomariCudaAssign& a) {
  const auto metric = static_cast<Metric>(a.metric);
  const bool unit = metric == Metric::cosine;
  const std::size_t d = a.cols, k = a.clusters;
  const std::size_t most = std::min(a.rows, std::max<std::size_t>(kTileRows, kPieceBytes / (4 * d) / kTileRows * kTileRows));
  const Session session(a.device, job);
  const DeviceBuffer<unsigned> bad(session, 1);
  const DeviceBuffer<float> centroids(session, k * d), mean(session, d), points(session, most * d), distances(session, most);
  const DeviceBuffer<double> squares(session, k), inverse(session, unit ? std::max(most, k) : 0);
  const DeviceBuffer<std::int32_t> labels(session, most);
  Search search(session, metric, k, d, mean.data(), most);
  const Search::Packed packed(session, most, d);

  bad.clear(1);
  centroids.upload(a.centroids, k * d);
  find_not_finite(session, centroids.data(), k * d, bad.data());
  if (unit) inverse_lengths(session, centroids.data(), k, d, inverse.data(), bad.data());
  refuse_if(bad);
  squared_lengths(session, centroids.data(), k, d, squares.data());

  a.rechecked = 0;
  const double* const factor = unit ? inverse.data() : nullptr;
  for (std::size_t first = 0; first < a.rows; first += most) {
    const std::size_t rows = std::min(most, a.rows - first);
    session.check();
    points.upload(a.points + first * d, rows * d);
    find_not_finite(session, points.data(), rows * d, bad.data());
    if (unit) inverse_lengths(session, points.data(), rows, d, inverse.data(), bad.data());
    refuse_if(bad);
    if (first == 0) {
      column_means(session, points.data(), rows, d, factor, mean.data());
      search.set(centroids.data());
    }
    search.pack(points.data(), factor, rows, packed);
    a.rechecked += search.assign(points.data(), factor, rows, packed, labels.data());
    label_distances(session, metric, points.data(), rows, d, centroids.data(), squares.data(), labels.data(), distances.data());
    labels.download(a.labels + first, rows);
    distances.download(a.distances + first, rows);
    session.wait();
    session.progress("assign", first + rows, a.rows);
  }
}

}  // namespace

int assign(const MatomariCudaJob* job, MatomariCudaAssign* arguments, MatomariCudaError* error) {
  return guarded(error, [&] { run(*job, *arguments); });
}

}  // namespace matomari::cuda
