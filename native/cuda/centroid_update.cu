#include "cuda/centroid_update.h"

#include <algorithm>
#include <cmath>

#include "cuda/instructions.h"
#include "cuda/walk.cuh"
#include "distances/pair.h"

namespace matomari::cuda {

namespace {

constexpr unsigned kThreads = 256, kStrip = 128;
constexpr std::size_t kRun = 256;  // entries that a block adds up before it takes others
constexpr std::uint32_t kLeaves = 0x80000000u;

__device__ std::size_t thread_number() { return std::size_t{blockIdx.x} * blockDim.x + threadIdx.x; }

__device__ void add_to(long long* at, long long v) {
  atomicAdd(reinterpret_cast<unsigned long long*>(at), static_cast<unsigned long long>(v));
}

// Counts the entries of each cluster in counts[cluster + 1], and moves the weights.
__global__ void count_kernel(FitRows rows, const std::int32_t* from, const std::int32_t* to, core::FixedSum weights, unsigned* counts,
                             long long* weight, Survey* survey) {
  const std::size_t i = thread_number();
  const bool moves = i < rows.rows && from[i] != to[i];
  if (moves) {
    const long long w = weights.term(rows.weight ? static_cast<double>(rows.weight[i]) : 1.0);
    if (from[i] >= 0) {
      atomicAdd(counts + from[i] + 1, 1u);
      add_to(weight + from[i], -w);
    }
    atomicAdd(counts + to[i] + 1, 1u);
    add_to(weight + to[i], w);
  }
  const unsigned moved = static_cast<unsigned>(__popc(__ballot_sync(kAllLanes, moves)));
  if (threadIdx.x % 32 == 0 && moved > 0) atomicAdd(&survey->moved, moved);
}

// The range of n things that a thread of a block of kThreads takes.
struct Range {
  std::size_t begin, end;
};
__device__ Range range_of(std::size_t n) {
  const std::size_t each = (n + kThreads - 1) / kThreads, begin = threadIdx.x * each < n ? threadIdx.x * each : n;
  return {begin, begin + each < n ? begin + each : n};
}

// counts[1 … n] become their running sums, twice: the places where entries go begin as the starts.
__global__ void __launch_bounds__(kThreads) scan_kernel(unsigned* counts, unsigned* places, std::size_t n) {
  __shared__ unsigned sums[kThreads];
  const Range mine = range_of(n);
  unsigned sum = 0;
  for (std::size_t j = mine.begin; j < mine.end; ++j) sum += counts[j + 1];
  sums[threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.x == 0)
    for (unsigned t = 0, before = 0; t < kThreads; ++t) {
      const unsigned own = sums[t];
      sums[t] = before;
      before += own;
    }
  __syncthreads();
  unsigned before = sums[threadIdx.x];
  if (threadIdx.x == 0) counts[0] = 0;
  for (std::size_t j = mine.begin; j < mine.end; ++j) {
    places[j] = before;
    before += counts[j + 1];
    counts[j + 1] = before;
  }
}

__global__ void scatter_kernel(std::size_t rows, const std::int32_t* from, const std::int32_t* to, unsigned* places, Entry* entries) {
  const std::size_t i = thread_number();
  if (i >= rows || from[i] == to[i]) return;
  const auto row = static_cast<std::uint32_t>(i);
  if (from[i] >= 0) entries[atomicAdd(places + from[i], 1u)] = {row | kLeaves, static_cast<std::uint32_t>(from[i])};
  entries[atomicAdd(places + to[i], 1u)] = {row, static_cast<std::uint32_t>(to[i])};
}

// Adds the rows of the entries to the sums: a block takes 128 columns of a run of entries, and adds to a sum where the
// cluster changes. ids: the rows' numbers where rows.points holds only some of them; null: all.
__global__ void __launch_bounds__(kStrip) add_kernel(FitRows rows, const std::uint32_t* ids, const Entry* entries, const unsigned* count, bool back,
                                                     const double* scale, std::size_t strips, long long* sums) {
  constexpr unsigned kFlight = 8;
  const std::size_t l = blockIdx.x % strips * kStrip + threadIdx.x, n = *count;
  if (l >= rows.d) return;
  const double s = scale[l];
  for (std::size_t begin = blockIdx.x / strips * kRun; begin < n; begin += gridDim.x / strips * kRun) {
    const std::size_t end = begin + kRun < n ? begin + kRun : n;
    std::uint32_t cluster = entries[begin].cluster;
    long long sum = 0;
    for (std::size_t e = begin; e < end; e += kFlight) {
      Entry entry[kFlight];
      double value[kFlight];
#pragma unroll
      for (unsigned f = 0; f < kFlight; ++f) {
        entry[f] = entries[e + f < end ? e + f : end - 1];
        const std::size_t row = entry[f].row & ~kLeaves, id = ids ? ids[row] : row;
        const double factor = (rows.inverse ? rows.inverse[id] : 1.0) * (rows.weight ? static_cast<double>(rows.weight[id]) : 1.0);
        value[f] = static_cast<double>(rows.points[row * rows.d + l]) * factor * s;
      }
#pragma unroll
      for (unsigned f = 0; f < kFlight; ++f) {
        if (e + f >= end) break;
        if (entry[f].cluster != cluster) {
          add_to(sums + cluster * rows.d + l, sum);
          cluster = entry[f].cluster;
          sum = 0;
        }
        const long long q = core::to_fixed(value[f]);
        sum += ((entry[f].row & kLeaves) != 0) != back ? -q : q;
      }
    }
    add_to(sums + cluster * rows.d + l, sum);
  }
}

// The clusters without weight in order, how many they are, and the heaviest.
__global__ void __launch_bounds__(kThreads) survey_kernel(const long long* weight, std::size_t clusters, std::uint32_t* empty, Survey* survey) {
  __shared__ unsigned counts[kThreads], heaviest[kThreads];
  const Range mine = range_of(clusters);
  unsigned count = 0, heavy = static_cast<unsigned>(mine.begin < clusters ? mine.begin : 0);
  for (std::size_t j = mine.begin; j < mine.end; ++j) {
    count += weight[j] == 0;
    if (weight[j] > weight[heavy]) heavy = static_cast<unsigned>(j);
  }
  counts[threadIdx.x] = count;
  heaviest[threadIdx.x] = heavy;
  __syncthreads();
  if (threadIdx.x == 0) {
    unsigned before = 0, best = heaviest[0];
    for (unsigned t = 0; t < kThreads; ++t) {
      const unsigned own = counts[t];
      counts[t] = before;
      before += own;
      if (weight[heaviest[t]] > weight[best]) best = heaviest[t];
    }
    survey->empty = before;
    survey->heaviest = best;
  }
  __syncthreads();
  unsigned at = counts[threadIdx.x];
  for (std::size_t j = mine.begin; empty && j < mine.end; ++j)
    if (weight[j] == 0) empty[at++] = static_cast<std::uint32_t>(j);
}

// The farthest of some rows, ties to the lowest.
struct Farthest {
  double value;
  std::uint32_t row;
};
__device__ bool farther(const Farthest& a, const Farthest& b) { return a.value != b.value ? a.value > b.value : a.row < b.row; }

__device__ Farthest farthest_of_block(Farthest mine) {
  __shared__ Farthest all[kThreads];
  all[threadIdx.x] = mine;
  for (unsigned half = kThreads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half && farther(all[threadIdx.x + half], all[threadIdx.x])) all[threadIdx.x] = all[threadIdx.x + half];
  }
  __syncthreads();
  return all[0];
}

__global__ void __launch_bounds__(kThreads) farthest_kernel(const double* far, std::size_t n, Farthest* found) {
  Farthest mine{-2, 0};
  for (std::size_t i = thread_number(); i < n; i += std::size_t{gridDim.x} * kThreads) {
    const Farthest other{far[i], static_cast<std::uint32_t>(i)};
    if (farther(other, mine)) mine = other;
  }
  const Farthest best = farthest_of_block(mine);
  if (threadIdx.x == 0) found[blockIdx.x] = best;
}

struct Lending {
  std::uint32_t* rows;  // the row that each of the clusters gets
  Entry* entries;       // two for each
  unsigned* none;       // set where the farthest point lies on its centroid
};

__global__ void __launch_bounds__(kThreads) lend_kernel(const Farthest* found, std::size_t count, double* far, const std::int32_t* labels, const float* weight,
                                                        core::FixedSum weights, const std::uint32_t* empty, std::size_t turn, std::size_t local,
                                                        Lending out, long long* used) {
  Farthest mine{-2, 0};
  for (std::size_t i = threadIdx.x; i < count; i += kThreads)
    if (farther(found[i], mine)) mine = found[i];
  const Farthest best = farthest_of_block(mine);
  if (threadIdx.x != 0) return;
  if (turn == 0 && best.value == 0) {
    *out.none = 1;
    return;
  }
  far[best.row] = -1;
  const auto from = static_cast<std::uint32_t>(labels[best.row]), to = empty[turn], row = static_cast<std::uint32_t>(local);
  const long long w = weights.term(weight ? static_cast<double>(weight[best.row]) : 1.0);
  out.rows[turn] = best.row;
  out.entries[2 * turn] = {row | kLeaves, from};
  out.entries[2 * turn + 1] = {row, to};
  used[from] -= w;
  used[to] = w;
}

struct Means {
  const long long *sums, *weight;
  const double* scale;
  core::FixedSum weights;
  const Survey* survey;
  std::size_t clusters, d;

  __device__ bool placed(std::size_t j) const { return weight[j] > 0 || j == survey->heaviest; }
};

__global__ void place_kernel(Means m, double* centroids) {
  const std::size_t i = thread_number();
  if (i >= m.clusters * m.d || !m.placed(i / m.d)) return;
  centroids[i] = static_cast<double>(m.sums[i]) / m.scale[i % m.d] / m.weights.value(m.weight[i / m.d]);
}
// Directions that cancel leave no mean direction: the cluster keeps the one it had. A warp takes a cluster.
__global__ void __launch_bounds__(kThreads) unit_kernel(Means m, const double* previous, double* centroids) {
  const std::size_t j = thread_number() / 32;
  if (j >= m.clusters || !m.placed(j)) return;
  double* const c = centroids + j * m.d;
  const double square = sum_in_order(m.d, [&](std::size_t l) { return c[l] * c[l]; }), norm = sqrt(square);
  for (std::size_t l = threadIdx.x % 32; l < m.d; l += 32) c[l] = square > 0 ? c[l] / norm : previous[j * m.d + l];
}
// A cluster that is still without weight stands where the heaviest does.
__global__ void stand_kernel(Means m, double* centroids) {
  const std::size_t i = thread_number();
  if (i >= m.clusters * m.d || m.placed(i / m.d)) return;
  centroids[i] = centroids[m.survey->heaviest * m.d + i % m.d];
}

// As squared_difference, a warp a cluster.
__global__ void __launch_bounds__(kThreads) shifts_kernel(const double* previous, const double* centroids, std::size_t clusters, std::size_t d, double* out) {
  const std::size_t j = thread_number() / 32;
  if (j >= clusters) return;
  const double sum = sum_in_order(d, [&](std::size_t l) {
    const double t = centroids[j * d + l] - previous[j * d + l];
    return t * t;
  });
  if (threadIdx.x % 32 == 0) out[j] = sum;
}
__global__ void total_kernel(const double* values, std::size_t n, double* out) {
  const double sum = sum_in_order(n, [&](std::size_t i) { return values[i]; });
  if (threadIdx.x == 0) *out = sum;
}

}  // namespace

struct CentroidUpdate::Lent {
  Lent(const Session& session, std::size_t clusters, std::size_t at_once, std::size_t d)
      : rows(session, clusters), entries(session, 2 * clusters), flags(session, 2), found(session, kBlocks), points(session, at_once * d) {}
  static constexpr unsigned kBlocks = 1024;
  DeviceBuffer<std::uint32_t> rows;
  DeviceBuffer<Entry> entries;
  DeviceBuffer<unsigned> flags;  // no point is far, and how many entries there are
  DeviceBuffer<Farthest> found;
  DeviceBuffer<float> points;
};

CentroidUpdate::CentroidUpdate(const Session& session, std::size_t clusters, std::size_t d, std::size_t most, const double* scale,
                               const core::FixedSum& weights, bool unit)
    : session_(session), clusters_(clusters), d_(d), lent_rows_(std::min(clusters, rows_at_once(1024))), scale_(scale), weights_(weights), unit_(unit), sums_(session, clusters * d),
      weight_(session, clusters), used_(session, clusters), starts_(session, 2 * clusters + 1), entries_(session, 2 * most),
      survey_(session, 1), empty_(session, clusters), shifts_(session, clusters), shift_(session, 1) {}

CentroidUpdate::~CentroidUpdate() = default;

void CentroidUpdate::reset() const {
  sums_.clear(clusters_ * d_);
  weight_.clear(clusters_);
}

void CentroidUpdate::begin() const { survey_.clear(1); }

void CentroidUpdate::follow(const FitRows& rows, const std::int32_t* from, const std::int32_t* to) const {
  unsigned* const places = starts_.data() + clusters_ + 1;
  starts_.clear(clusters_ + 1);
  const unsigned grid = blocks(rows.rows, kThreads);
  launch(session_.stream(), grid, kThreads, 0, count_kernel, rows, from, to, weights_, starts_.data(), weight_.data(), survey_.data());
  launch(session_.stream(), 1, kThreads, 0, scan_kernel, starts_.data(), places, clusters_);
  launch(session_.stream(), grid, kThreads, 0, scatter_kernel, rows.rows, from, to, places, entries_.data());
  session_.pace(0, 4.0 * static_cast<double>(rows.rows) * static_cast<double>(rows.d));
  add(rows, nullptr, entries_.data(), starts_.data() + clusters_, 2 * rows.rows, false);
}

void CentroidUpdate::add(const FitRows& rows, const std::uint32_t* ids, const Entry* entries, const unsigned* count, std::size_t most,
                         bool back) const {
  const unsigned strips = blocks(d_, kStrip), wave = std::max(1u, 16 * session_.processors() / strips);
  launch(session_.stream(), std::min(wave, blocks(most, kRun)) * strips, kStrip, 0, add_kernel, rows, ids, entries, count, back, scale_,
         std::size_t{strips}, sums_.data());
}

Survey CentroidUpdate::survey() const {
  used_.copy(weight_.data(), clusters_);
  launch(session_.stream(), 1, kThreads, 0, survey_kernel, static_cast<const long long*>(used_.data()), clusters_, empty_.data(), survey_.data());
  return survey_.fetch();
}

bool CentroidUpdate::lend(Corpus& corpus, const FitRows& facts, const std::int32_t* labels, double* far, std::size_t empty) {
  if (!lent_) lent_ = std::make_unique<Lent>(session_, clusters_, lent_rows_, d_);
  Lent& lent = *lent_;
  lent.flags.clear(1);
  const unsigned grid = std::min(blocks(facts.rows, kThreads), Lent::kBlocks);
  for (std::size_t turn = 0; turn < empty; ++turn) {
    session_.pace(0, 8.0 * static_cast<double>(facts.rows));
    launch(session_.stream(), grid, kThreads, 0, farthest_kernel, static_cast<const double*>(far), facts.rows, lent.found.data());
    launch(session_.stream(), 1, kThreads, 0, lend_kernel, static_cast<const Farthest*>(lent.found.data()), std::size_t{grid}, far, labels,
           facts.weight, weights_, static_cast<const std::uint32_t*>(empty_.data()), turn, turn % lent_rows_,
           Lending{lent.rows.data(), lent.entries.data(), lent.flags.data()}, used_.data());
    if (turn == 0 && lent.flags.fetch() != 0) return false;
  }
  add_lent(corpus, facts, empty, false);
  // The heaviest may be another one now; the list of the empty ones has served.
  launch(session_.stream(), 1, kThreads, 0, survey_kernel, static_cast<const long long*>(used_.data()), clusters_,
         static_cast<std::uint32_t*>(nullptr), survey_.data());
  return true;
}

void CentroidUpdate::give_back(Corpus& corpus, const FitRows& facts, std::size_t empty) { add_lent(corpus, facts, empty, true); }

void CentroidUpdate::add_lent(Corpus& corpus, const FitRows& facts, std::size_t empty, bool back) {
  Lent& lent = *lent_;
  for (std::size_t first = 0; first < empty; first += lent_rows_) {
    const auto count = static_cast<unsigned>(2 * std::min(lent_rows_, empty - first));
    const std::uint32_t* const ids = lent.rows.data() + first;
    corpus.gather(ids, count / 2, lent.points.data());
    lent.flags.upload(&count, 1, 1);
    FitRows rows = facts;
    rows.points = lent.points.data();
    add(rows, ids, lent.entries.data() + 2 * first, lent.flags.data() + 1, count, back);
  }
}

void CentroidUpdate::average(const double* previous, double* centroids) const {
  const Means means{sums_.data(), used_.data(), scale_, weights_, survey_.data(), clusters_, d_};
  const unsigned all = blocks(clusters_ * d_, kThreads), each = blocks(clusters_, kThreads / 32);
  launch(session_.stream(), all, kThreads, 0, place_kernel, means, centroids);
  if (unit_) launch(session_.stream(), each, kThreads, 0, unit_kernel, means, previous, centroids);
  launch(session_.stream(), all, kThreads, 0, stand_kernel, means, centroids);
}

double CentroidUpdate::shift(const double* previous, const double* centroids) const {
  launch(session_.stream(), blocks(clusters_, kThreads / 32), kThreads, 0, shifts_kernel, previous, centroids, clusters_, d_, shifts_.data());
  launch(session_.stream(), 1, 32, 0, total_kernel, static_cast<const double*>(shifts_.data()), clusters_, shift_.data());
  return shift_.fetch();
}

}  // namespace matomari::cuda
