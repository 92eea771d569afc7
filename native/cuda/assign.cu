// assign on the device.
#include <algorithm>

#include "cuda/corpus.h"
#include "cuda/operations.h"
#include "cuda/prepare.h"
#include "cuda/search.h"

namespace matomari::cuda {

namespace {

void run(const MatomariCudaJob& job, MatomariCudaAssign& a) {
  const auto metric = static_cast<Metric>(a.metric);
  const bool unit = metric == Metric::cosine;
  const std::size_t d = a.cols, k = a.clusters;
  const Session session(a.device, job);
  Corpus corpus(session, a.points, a.rows, d, {.most = std::max<std::size_t>(1, kPieceBytes / sizeof(float) / d)});  // wanted once
  const std::size_t most = corpus.most();
  const DeviceBuffer<unsigned> bad(session, 1);
  const DeviceBuffer<float> centroids(session, k * d), mean(session, d), distances(session, most);
  const DeviceBuffer<double> squares(session, k), inverse(session, unit ? std::max(most, k) : 0);
  const DeviceBuffer<std::int32_t> labels(session, most);
  Search search(session, metric, k, d, mean.data(), most);
  const PackedRows packed(session, most, d);

  bad.clear(1);
  centroids.upload(a.centroids, k * d);
  find_not_finite(session, centroids.data(), k * d, bad.data());
  if (unit) inverse_lengths(session, centroids.data(), k, d, inverse.data(), bad.data());
  refuse_if(bad);
  squared_lengths(session, centroids.data(), k, d, squares.data());

  a.rechecked = 0;
  const double* const factor = unit ? inverse.data() : nullptr;
  corpus.each([&](const Corpus::Block& b) {
    find_not_finite(session, b.points, b.rows * d, bad.data());
    if (unit) inverse_lengths(session, b.points, b.rows, d, inverse.data(), bad.data());
    refuse_if(bad);
    if (b.first == 0) {
      column_means(session, b.points, b.rows, d, factor, mean.data());
      search.set(centroids.data());
    }
    search.pack(b.points, factor, b.rows, packed);
    a.rechecked += search.assign(b.points, factor, b.rows, packed, labels.data());
    label_distances(session, metric, b.points, b.rows, d, centroids.data(), squares.data(), labels.data(), distances.data());
    labels.download(a.labels + b.first, b.rows);
    distances.download(a.distances + b.first, b.rows);
    session.progress("assign", b.first + b.rows, a.rows);
  });
}

}  // namespace

int assign(const MatomariCudaJob* job, MatomariCudaAssign* arguments, MatomariCudaError* error) {
  return guarded(error, [&] { run(*job, *arguments); });
}

}  // namespace matomari::cuda
