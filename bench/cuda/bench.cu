// The operations on the first device, without Node: `OPERATION ROWS COLS COUNT`, where COUNT is clusters, neighbours or terms.
// Points are resident; the upload is timed apart. Prints one JSON object, with what share of the CPU's results was the same.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/context.h"
#include "core/philox.h"
#include "cuda/centroid_update.h"
#include "cuda/operations.h"
#include "cuda/prepare.h"
#include "cuda/search.h"
#include "cuda/seeding.h"
#include "cuda/weighted_mean.h"
#include "cuda/weighted_sums.h"
#include "kmeans/kmeans.h"
#include "nearest/assign.h"
#include "nearest/nearest.h"
#include "weighted_mean/weighted_mean.h"

using namespace matomari;
using namespace matomari::cuda;

namespace {

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// When the upload was done, and when the last piece of work was.
struct Watch {
  double uploaded = 0, done = 0;
};
void note(void* context, const char* stage, std::uint64_t, std::uint64_t) {
  auto* const watch = static_cast<Watch*>(context);
  (std::strcmp(stage, "upload") == 0 ? watch->uploaded : watch->done) = seconds();
}
MatomariCudaJob job_with(Watch& watch) { return {&watch, [](void*) { return false; }, note, 4u}; }

void require_success(int status, const MatomariCudaError& error) {
  if (status != 0) throw std::runtime_error(error.message);
}

double median(std::vector<double> took) {
  std::sort(took.begin(), took.end());
  return took[took.size() / 2];
}

float bell(std::uint32_t row, std::uint32_t column, std::uint32_t kind) {
  const auto r = core::philox({row, column, kind, 1}, 7);
  double sum = 0;
  for (const std::uint32_t each : r) sum += static_cast<double>(each);
  return static_cast<float>(sum * 0x1p-32 - 2);
}

// Rows around as many middles, nearly normal. Noise repeats after 65,536 rows, shifted by a column each time.
std::vector<float> blobs(std::size_t rows, std::size_t d, std::size_t middles) {
  constexpr std::size_t period = 65536;
  const std::size_t own = std::min(rows, period);
  std::vector<float> noise(own * d), middle(middles * d), out(rows * d);
  for (std::size_t i = 0; i < own; ++i)
    for (std::size_t l = 0; l < d; ++l) noise[i * d + l] = 0.7f * bell(static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(l), 1);
  for (std::size_t j = 0; j < middles; ++j)
    for (std::size_t l = 0; l < d; ++l) middle[j * d + l] = bell(static_cast<std::uint32_t>(j), static_cast<std::uint32_t>(l), 0);
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t l = 0; l < d; ++l) out[i * d + l] = middle[i % middles * d + l] + noise[i % period * d + (l + i / period) % d];
  return out;
}

// Points and centroids on the device, ready for a search.
struct Resident {
  Resident(std::size_t n, std::size_t d, std::size_t k)
      : host(blobs(n, d, k)), job(job_with(watch)), session(0, job), corpus(session, host.data(), n, d, {}), mean(session, d), labels(session, n),
        next(session, n), targets(session, k * d), search(session, Metric::sqeuclidean, k, d, mean.data(), n), packed(session, n, d) {
    if (!corpus.resident()) throw std::runtime_error("the points do not fit on the device");
    const double begin = seconds();
    corpus.each([&](const Corpus::Block& b) {
      session.wait();
      const double here = seconds();
      upload = here - begin;
      points = b.points;
      column_means(session, points, n, d, nullptr, mean.data());
      search.pack(points, nullptr, n, packed);
      session.wait();
      pack = seconds() - here;
    });
    targets.upload(host.data(), k * d);
  }
  std::vector<float> host;
  Watch watch;
  MatomariCudaJob job;
  Session session;
  Corpus corpus;
  DeviceBuffer<float> mean;
  DeviceBuffer<std::int32_t> labels, next;
  DeviceBuffer<float> targets;
  Search search;
  cuda::PackedRows packed;
  const float* points = nullptr;
  double upload = 0, pack = 0;
};

// equal: the share of the results that are the CPU's; below 0 where they were not compared.
void print(const char* operation, std::size_t n, std::size_t d, std::size_t k, double took, double multiply_adds, double bytes, double upload,
           double equal, const std::string& more) {
  std::printf("{\"operation\": \"%s\", \"rows\": %zu, \"cols\": %zu, \"count\": %zu, \"ms\": %.3f, \"tflops\": %.1f, \"gigabytesPerSecond\": %.0f, "
              "\"uploadMs\": %.1f, \"sameAsCpu\": %s%s}\n",
              operation, n, d, k, took * 1e3, 2e-12 * multiply_adds / took, 1e-9 * bytes / took, upload * 1e3,
              equal < 0 ? "null" : std::to_string(equal).c_str(), more.c_str());
}

double product(std::size_t a, std::size_t b, std::size_t c = 1) { return static_cast<double>(a) * static_cast<double>(b) * static_cast<double>(c); }

// Targets packed, screen and recheck.
void bench_assign(std::size_t n, std::size_t d, std::size_t k) {
  Resident r(n, d, k);
  std::vector<double> took;
  std::size_t open = 0;
  for (int turn = 0; turn < 7; ++turn) {
    const double start = seconds();
    r.search.set(r.targets.data());
    open = r.search.assign(r.points, nullptr, n, r.packed, r.labels.data());
    r.session.wait();
    took.push_back(seconds() - start);
  }
  const std::size_t some = std::min<std::size_t>(n, 20000);
  std::vector<std::int32_t> labels(some), wanted(some);
  std::vector<float> distances(some);
  r.labels.download(labels.data(), some);
  core::Context ctx(16);
  assign(ctx, simd::best_kernels(), {r.host.data(), some, d}, {r.host.data(), k, d}, Metric::sqeuclidean, wanted.data(), distances.data());
  std::size_t same = 0;
  for (std::size_t i = 0; i < some; ++i) same += labels[i] == wanted[i];
  print("assign", n, d, k, median(took), product(n, d, k), 2 * product(n, d), r.upload, static_cast<double>(same) / static_cast<double>(some),
        ", \"rechecked\": " + std::to_string(open) + ", \"packMs\": " + std::to_string(r.pack * 1e3));
}

// An iteration of k-means: assign, and the sums of a first iteration, in which every row moves.
void bench_iteration(std::size_t n, std::size_t d, std::size_t k) {
  Resident r(n, d, k);
  const DeviceBuffer<double> scale(r.session, d), bounds(r.session, d), before(r.session, k * d), after(r.session, k * d);
  bounds.clear(d);
  const FitRows rows{r.points, nullptr, nullptr, n, d};
  raise_column_bounds(r.session, rows, reinterpret_cast<unsigned long long*>(bounds.data()));
  column_scales(r.session, bounds.data(), d, n, scale.data());
  const CentroidUpdate update(r.session, k, d, n, scale.data(), core::FixedSum(1, n), false);
  widen(r.session, r.targets.data(), k, d, false, before.data());
  std::vector<double> took;
  for (int turn = 0; turn < 7; ++turn) {
    r.labels.fill(0xFF, n);
    update.reset();
    update.begin();
    r.session.wait();
    const double start = seconds();
    r.search.set(before.data());
    r.search.assign(r.points, nullptr, n, r.packed, r.next.data());
    update.follow(rows, r.labels.data(), r.next.data());
    update.survey();
    update.average(before.data(), after.data());
    update.shift(before.data(), after.data());
    took.push_back(seconds() - start);
  }
  print("iteration", n, d, k, median(took), product(n, d, k), 6 * product(n, d), r.upload, -1, "");
}

// A whole smaller fit, seeding included, on both: everything must be the same.
double same_fit(std::size_t rows, std::size_t d) {
  const std::size_t n = std::min<std::size_t>(rows, 20000), k = std::min<std::size_t>(n, 100);
  const std::vector<float> points = blobs(n, d, k);
  KMeansOptions options;
  options.clusters = k;
  options.max_iterations = 5;
  std::vector<float> centroids(k * d), wanted_centroids(k * d);
  std::vector<std::int32_t> labels(n), wanted(n), sizes(k);
  core::Context ctx(16);
  const KMeansResult cpu = kmeans(ctx, simd::best_kernels(), {points.data(), n, d}, options, wanted_centroids.data(), wanted.data(), sizes.data());
  Watch watch;
  const MatomariCudaJob job = job_with(watch);
  MatomariCudaKMeans a{};
  a.points = points.data();
  a.rows = n;
  a.cols = d;
  a.clusters = k;
  a.largest_weight = 1;
  a.runs = 1;
  a.max_iterations = 5;
  a.tolerance = options.tolerance;
  a.centroids = centroids.data();
  a.labels = labels.data();
  MatomariCudaError error{};
  require_success(cuda::kmeans(&job, &a, &error), error);
  return labels == wanted && centroids == wanted_centroids && a.inertia == cpu.inertia && a.iterations == cpu.iterations ? 1 : 0;
}

void bench_seed(std::size_t n, std::size_t d, std::size_t k) {
  Resident r(n, d, k);
  const DeviceBuffer<std::uint32_t> seeds(r.session, k);
  double square = 0;
  std::vector<float> mean(d);
  r.mean.download(mean.data(), d);
  for (const float v : mean) square += static_cast<double>(v) * static_cast<double>(v);
  Seeding seeding(r.session, r.corpus, r.search, {nullptr, nullptr, nullptr, n, d}, k, std::sqrt(square) * (1 + 1e-9));
  std::vector<double> took;
  for (std::uint32_t turn = 0; turn < 3; ++turn) {
    const double start = seconds();
    seeding.run(7, turn, [&](auto&& f) { r.corpus.each([&](const Corpus::Block& b) { f(b, r.packed); }); }, seeds.data());
    r.session.wait();
    took.push_back(seconds() - start);
  }
  print("kmeans++", n, d, k, median(took), 0, 2 * product(n, d, k), r.upload, same_fit(n, d), "");
}

void bench_nearest(std::size_t n, std::size_t d, std::size_t k) {
  const std::vector<float> points = blobs(n, d, std::max<std::size_t>(1, n / 500));
  std::vector<std::int32_t> indices(n * k);
  std::vector<float> distances(n * k);
  std::vector<std::uint8_t> torn(n);
  std::vector<double> took, uploads;
  for (int turn = 0; turn < 3; ++turn) {
    Watch watch;
    const MatomariCudaJob job = job_with(watch);
    MatomariCudaError error{};
    MatomariCudaNearest a{0, static_cast<int>(Metric::euclidean), points.data(), n, points.data(), n, d, k, indices.data(), distances.data(), torn.data(), 0, 0};
    const double start = seconds();
    require_success(cuda::nearest(&job, &a, &error), error);
    took.push_back(seconds() - watch.uploaded);
    uploads.push_back(watch.uploaded - start);
  }
  const std::size_t some = std::min<std::size_t>(n, 200);
  std::vector<std::int32_t> wanted(some * k);
  std::vector<float> wanted_distances(some * k);
  core::Context ctx(16);
  nearest(ctx, simd::best_kernels(), {points.data(), some, d}, {points.data(), n, d}, k, Metric::euclidean, wanted.data(), wanted_distances.data());
  std::size_t same = 0;
  for (std::size_t i = 0; i < some * k; ++i) same += wanted[i] == indices[i] && wanted_distances[i] == distances[i];
  print("nearest", n, d, k, median(took), product(n, n, d), 0, median(uploads), static_cast<double>(same) / static_cast<double>(some * k), "");
}

// 60 different words a document, the first ones more often.
void bench_weighted_mean(std::size_t n, std::size_t d, std::size_t terms) {
  constexpr std::size_t each = 60;
  const std::vector<float> vectors = blobs(n, d, 1000);
  std::vector<std::int64_t> indptr{0};
  std::vector<std::int32_t> indices;
  std::vector<float> data;
  for (std::size_t i = 0; i < n; ++i) {
    std::vector<std::int32_t> words;
    for (std::size_t w = 0; w < each; ++w) {
      const double u = static_cast<double>(core::philox({static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(w), 3, 1}, 7)[0]) * 0x1p-32;
      words.push_back(static_cast<std::int32_t>(u * u * static_cast<double>(terms)));
    }
    std::sort(words.begin(), words.end());
    words.erase(std::unique(words.begin(), words.end()), words.end());
    for (const std::int32_t w : words) {
      indices.push_back(w);
      data.push_back(1.0f + static_cast<float>((i + static_cast<std::size_t>(w)) % 7));
    }
    indptr.push_back(static_cast<std::int64_t>(indices.size()));
  }
  core::Context ctx(16);
  const SparseView<std::int64_t> weights{indptr.data(), indices.data(), data.data(), n, terms, indices.size()};
  const ByColumn by_column(ctx, weights, weighted_rows(d));
  std::vector<float> out(terms * d), wanted(terms * d);
  std::vector<double> took, whole;
  Watch watch;
  const MatomariCudaJob job = job_with(watch);
  double upload = 0;
  {
    // The kernels alone, with everything on the device.
    const Session session(0, job);
    const std::size_t entry_count = indices.size(), ends_count = by_column.blocks() * (terms + 1);
    const DeviceBuffer<float> rows(session, n * d), means(session, terms * d);
    const DeviceBuffer<simd::WeightedRow> entries(session, entry_count);
    const DeviceBuffer<std::size_t> ends(session, ends_count);
    const DeviceBuffer<double> sums(session, terms * d), totals(session, terms * weighted_strips(d));
    const double begin = seconds();
    rows.upload(vectors.data(), n * d);
    entries.upload(by_column.entries(), entry_count);
    ends.upload(by_column.ends(0) - 1, ends_count);
    session.wait();
    upload = seconds() - begin;
    for (int turn = 0; turn < 7; ++turn) {
      const double start = seconds();
      sums.clear(terms * d);
      totals.clear(terms * weighted_strips(d));
      for (std::size_t b = 0; b < by_column.blocks(); ++b)
        add_weighted(session, {entries.data(), ends.data() + b * (terms + 1), 0, terms, 0, by_column.rows(b), by_column.rows(b),
                               rows.data() + by_column.first_row(b) * d, d}, sums.data(), totals.data());
      weighted_means(session, sums.data(), totals.data(), terms, d, means.data());
      session.wait();
      took.push_back(seconds() - start);
    }
  }
  for (int turn = 0; turn < 3; ++turn) {
    MatomariCudaError error{};
    MatomariCudaWeightedMean a{0, by_column.entries(), weights.entries, by_column.ends(0) - 1, by_column.blocks(), by_column.rows(0), terms,
                               vectors.data(), n, d, out.data()};
    const double start = seconds();
    require_success(cuda::weighted_mean(&job, &a, &error), error);
    whole.push_back(seconds() - start);
  }
  weighted_mean(ctx, simd::best_kernels(), weights, {vectors.data(), n, d}, {wanted.data(), terms, d});
  const auto same = static_cast<double>(std::memcmp(out.data(), wanted.data(), out.size() * sizeof(float)) == 0);
  print("weightedMean", n, d, terms, median(took), product(indices.size(), d), 4 * product(indices.size(), d), upload, same,
        ", \"wholeMs\": " + std::to_string(median(whole) * 1e3));
}

}  // namespace

int main(int count, char** arguments) {
  auto number = [&](int i) { return count > i ? std::strtoull(arguments[i], nullptr, 10) : 0; };
  const std::string operation = count > 1 ? arguments[1] : "";
  const std::size_t n = number(2), d = number(3), k = number(4);
  try {
    if (n == 0 || d == 0 || k == 0) throw std::runtime_error("OPERATION ROWS COLS COUNT");
    if (operation == "assign")
      bench_assign(n, d, k);
    else if (operation == "iteration")
      bench_iteration(n, d, k);
    else if (operation == "kmeans++")
      bench_seed(n, d, k);
    else if (operation == "nearest")
      bench_nearest(n, d, k);
    else if (operation == "weightedMean")
      bench_weighted_mean(n, d, k);
    else
      throw std::runtime_error("no such operation: " + operation);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
