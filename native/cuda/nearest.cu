// nearest on the device. Queries come in groups, and for each group the points in rounds that double what has been seen: the
// tensor cores note which points may still be near, float64 measures those and puts them in order, and the next round has the
// sharper limit. A list that is full takes in about k points a round, however many points that round has.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "cuda/corpus.h"
#include "cuda/near_list.cuh"
#include "cuda/operations.h"
#include "cuda/packer.h"
#include "cuda/prepare.h"
#include "cuda/screener.h"

namespace matomari::cuda {

namespace {

constexpr unsigned kThreads = 256;
constexpr std::size_t kPair = kColumnTiles * kTileRows;

__device__ std::size_t thread_number() { return std::size_t{blockIdx.x} * blockDim.x + threadIdx.x; }

// A group of queries.
struct Queries {
  const float* rows;      // [count × d]
  const double* squares;  // [count]
  std::size_t count;
};
struct Lists {
  Scored* entries;  // [count × k]
  unsigned *filled, *seen;
  double* limits;
  std::uint8_t* torn;
  unsigned k;
};

__global__ void open_kernel(Lists lists, std::size_t count) {
  const std::size_t i = thread_number();
  if (i >= count) return;
  lists.filled[i] = lists.seen[i] = 0;
  lists.limits[i] = HUGE_VAL;
  lists.torn[i] = 0;
}

__device__ NearList take_list(const Lists& lists, std::size_t row) {
  return {lists.entries + row * lists.k, lists.filled[row], lists.k, lists.torn[row] != 0};
}
__device__ void put_back(const Lists& lists, std::size_t row, const NearList& list, unsigned seen) {
  if (threadIdx.x % 32 != 0) return;
  lists.filled[row] = list.filled;
  lists.limits[row] = list.limit();
  lists.torn[row] = list.torn;
  lists.seen[row] += seen;
}

// Queries of a list: their numbers, or null for all in order.
struct Chosen {
  const std::uint32_t* ids;
  std::size_t count;
  __device__ std::size_t row(std::size_t i) const { return ids ? ids[i] : i; }
};

// Measures what was noted for a query, a warp each. Queries for which there was more than could be noted go to a list.
__global__ void __launch_bounds__(kWalkThreads) measure_kernel(NearPoints p, Queries q, Lists lists, Chosen chosen, const unsigned* counts,
                                                               const std::int32_t* candidates, unsigned most, unsigned* open_count, std::uint32_t* open) {
  __shared__ WalkStage<float> stages[kWalkWarps];
  const unsigned lane = threadIdx.x % 32;
  const std::size_t i = std::size_t{blockIdx.x} * kWalkWarps + threadIdx.x / 32;
  if (i >= chosen.count || counts[i] == 0) return;
  const std::size_t row = chosen.row(i);
  const unsigned count = counts[i] < most ? counts[i] : most;
  if (lane == 0 && counts[i] > most) open[atomicAdd(open_count, 1u)] = static_cast<std::uint32_t>(row);
  NearList list = take_list(lists, row);
  for (unsigned first = 0; first < count; first += 32) {
    const bool real = first + lane < count;
    list.offer(stages[threadIdx.x / 32], p, q.rows + row * p.d, q.squares[row], real ? candidates[i * most + first + lane] : 0, real);
  }
  put_back(lists, row, list, count);
}

// Measures points from … to − 1 of the block for each of the chosen queries.
__global__ void __launch_bounds__(kWalkThreads) measure_all_kernel(NearPoints p, Queries q, Lists lists, Chosen chosen, std::size_t from, std::size_t to) {
  __shared__ WalkStage<float> stages[kWalkWarps];
  const std::size_t i = std::size_t{blockIdx.x} * kWalkWarps + threadIdx.x / 32;
  if (i >= chosen.count) return;
  const std::size_t row = chosen.row(i);
  NearList list = take_list(lists, row);
  for (std::size_t first = from; first < to; first += 32) {
    const std::size_t j = first + threadIdx.x % 32;
    list.offer(stages[threadIdx.x / 32], p, q.rows + row * p.d, q.squares[row], static_cast<std::int32_t>(p.first + (j < to ? j : from)), j < to);
  }
  put_back(lists, row, list, static_cast<unsigned>(to - from));
}

// The score below which a point is worth measuring, as NearScreen::lower has it: ‖x − c‖² = 2 · score + ‖x'‖², which for
// cosine is twice the distance; by `dot` the score is the value.
struct Aim {
  Metric metric;
  ScreenBound bound;
  double shift_length;

  __device__ float operator()(const Extent& x, double limit) const {
    const double least = x.norm * x.norm * (1 - 1e-8) - 2 * x.norm * (x.norm + 2 * shift_length) * 0x1p-49;
    const double score = metric == Metric::dot ? limit : metric == Metric::cosine ? limit - least / 2 : (limit - least) / 2;
    const double v = score + bound.of_row(x);
    return x.norm + x.error < 1e18 && v < 1e37 ? at_least(v) : HUGE_VALF;
  }
};
__global__ void aim_kernel(Aim aim, Chosen chosen, const Extent* extents, const double* limits, RowFacts* facts) {
  const std::size_t i = thread_number();
  if (i < chosen.count) facts[i].limit = aim(extents[i], limits[chosen.row(i)]);
}

__global__ void answer_kernel(Lists lists, Metric metric, std::size_t count, std::int32_t* indices, float* distances, unsigned* totals) {
  const std::size_t n = thread_number(), i = n / lists.k;
  if (i >= count) return;
  const Scored& s = lists.entries[n];
  indices[n] = s.index;
  distances[n] = static_cast<float>(metric == Metric::euclidean ? sqrt(s.value) : metric == Metric::dot ? -s.value : s.value);
  if (n % lists.k != 0) return;
  if (lists.seen[i] > lists.k) atomicAdd(totals, 1u);
  if (lists.torn[i]) atomicAdd(totals + 1, 1u);
}

class NearSearch {
 public:
  NearSearch(const MatomariCudaJob& job, MatomariCudaNearest& a)
      : a_(a), metric_(static_cast<Metric>(a.metric)), d_(a.cols), k_(static_cast<unsigned>(a.count)), most_(std::max(64u, 4 * k_)),
        self_(a.queries == a.points && a.query_rows == a.point_rows), session_(a.device, job), group_(group_of()), at_once_(std::min(group_, rows_at_once(16384))),
        points_(session_, a.points, a.point_rows, d_, need()), bound_(tensor_bound(metric_, d_)), bad_(session_, 1), mean_(session_, d_),
        squares_(session_, points_.most()), inverse_(session_, unit() ? points_.most() : 0), targets_(session_, points_.most(), d_),
        query_rows_(session_, borrows() ? 0 : group_ * d_), query_squares_(session_, group_), query_inverse_(session_, unit() ? group_ : 0),
        packed_(session_, group_, d_), entries_(session_, group_ * k_), filled_(session_, group_), seen_(session_, group_),
        limits_(session_, group_), torn_(session_, group_), counts_(session_, group_), candidates_(session_, group_ * most_),
        open_count_(session_, 1), open_{{session_, group_}, {session_, group_}}, again_(session_, at_once_, d_),
        indices_(session_, group_ * k_), distances_(session_, group_ * k_), totals_(session_, 2) {}

  void run() {
    bad_.clear(1);
    for (std::size_t first = 0; first < a_.query_rows; first += group_) {
      const std::size_t rows = std::min(group_, a_.query_rows - first);
      points_.each([&](const Corpus::Block& b) {
        if (!ready_ || !points_.resident()) prepare(b);
        if (b.first == 0) open(first, rows, b);
        meet(b);
        session_.progress("nearest", first / group_ * points_.blocks() + points_.number(b) + 1, (a_.query_rows + group_ - 1) / group_ * points_.blocks());
      });
      checked_ = true;
      close(first, rows);
    }
  }

 private:
  bool unit() const noexcept { return metric_ == Metric::cosine; }
  // Whether queries are rows of the points that are there anyway.
  bool borrows() const noexcept { return self_ && points_.resident(); }
  std::size_t query_bytes() const noexcept { return d_ * sizeof(float) + PackedRows::bytes(d_) + k_ * (sizeof(Scored) + 8) + 4 * most_ + 64; }
  std::size_t group_of() const {
    const std::size_t rows = std::min<std::size_t>({padded_rows(a_.query_rows), 262144, (std::size_t{1} << 26) / most_, session_.available() / 4 / query_bytes(), rows_at_once(SIZE_MAX)});
    // Tiles for every processor alike.
    const std::size_t wave = session_.processors() * kTileRows, unit = rows > wave && rows < a_.query_rows ? wave : kTileRows;
    return std::max(kTileRows, rows / unit * unit);
  }
  Corpus::Need need() const {
    return {0, PackedTargets::bytes(d_) + 2 * sizeof(double), group_ * query_bytes() + at_once_ * PackedRows::bytes(d_) + (std::size_t{64} << 20)};
  }
  const float* shift() const noexcept { return metric_ == Metric::dot ? nullptr : mean_.data(); }
  Lists lists() const noexcept { return {entries_.data(), filled_.data(), seen_.data(), limits_.data(), torn_.data(), k_}; }
  NearPoints near(const Corpus::Block& b) const noexcept { return {metric_, b.points, squares_.data(), b.first, b.rows, d_}; }
  Queries queries() const noexcept { return {query_, query_squares_.data(), query_count_}; }

  void prepare(const Corpus::Block& b) {
    if (!checked_) {
      find_not_finite(session_, b.points, b.rows * d_, bad_.data());
      refuse_if(bad_);
    }
    squared_lengths(session_, b.points, b.rows, d_, squares_.data());
    if (unit()) inverse_lengths(session_, squares_.data(), b.rows, inverse_.data());
    const double* const factor = unit() ? inverse_.data() : nullptr;
    if (!ready_) {
      column_means(session_, b.points, b.rows, d_, factor, mean_.data());
      std::vector<float> mean(d_);
      mean_.download(mean.data(), d_);
      for (const float v : mean) shift_length_ += static_cast<double>(v) * static_cast<double>(v);
      shift_length_ = std::sqrt(shift_length_) * (1 + 1e-9);
    }
    ready_ = true;
    session_.pace(0, 8.0 * static_cast<double>(b.rows) * static_cast<double>(d_));
    pack_targets(session_, PackSource<float>{b.points, factor, shift(), nullptr, b.rows, d_}, bound_, metric_ != Metric::dot, targets_);
  }

  void open(std::size_t first, std::size_t rows, const Corpus::Block& b) {
    query_count_ = rows;
    query_ = borrows() ? b.points + first * d_ : query_rows_.data();
    if (!borrows()) {
      query_rows_.upload(a_.queries + first * d_, rows * d_);
      find_not_finite(session_, query_, rows * d_, bad_.data());
      refuse_if(bad_);
    }
    squared_lengths(session_, query_, rows, d_, query_squares_.data());
    if (unit()) inverse_lengths(session_, query_squares_.data(), rows, query_inverse_.data());
    pack(packed_, {nullptr, rows});
    launch(session_.stream(), blocks(rows, kThreads), kThreads, 0, open_kernel, lists(), rows);
    aim(packed_, {nullptr, rows});
  }

  void pack(const PackedRows& into, Chosen chosen) const {
    pack_rows(session_, {query_, unit() ? query_inverse_.data() : nullptr, shift(), chosen.ids, chosen.count, d_}, bound_, nullptr, into);
  }
  void aim(const PackedRows& rows, Chosen chosen) const {
    launch(session_.stream(), blocks(chosen.count, kThreads), kThreads, 0, aim_kernel, Aim{metric_, bound_, shift_length_}, chosen,
           static_cast<const Extent*>(rows.extents.data()), static_cast<const double*>(limits_.data()), rows.facts.data());
  }

  // The queries of the group and a block of points.
  void meet(const Corpus::Block& b) {
    for (std::size_t from = 0; from < b.rows;) {
      const std::size_t to = std::min(b.rows, from + std::max<std::size_t>(most_, b.first + from));
      open_count_.clear(1);
      round(b, from, to, packed_, {nullptr, query_count_}, open_[0]);
      // Points in an order of their own may bring a query more at once than it can note. It has the nearest of those
      // noted now, and asks again; whoever has too many equally near in the end measures all.
      std::size_t open = open_count_.fetch();
      unsigned turn = 0;
      for (; open > 0 && turn < 2; ++turn) {
        open_count_.clear(1);
        for (std::size_t first = 0; first < open; first += at_once_) {
          const Chosen chosen{open_[turn % 2].data() + first, std::min(at_once_, open - first)};
          pack(again_, chosen);
          aim(again_, chosen);
          round(b, from, to, again_, chosen, open_[1 - turn % 2]);
        }
        open = open_count_.fetch();
      }
      if (open > 0) measure_all(b, from, to, {open_[turn % 2].data(), open});
      aim(packed_, {nullptr, query_count_});
      from = to;
    }
  }

  void round(const Corpus::Block& b, std::size_t from, std::size_t to, const PackedRows& rows, Chosen chosen, const DeviceBuffer<std::uint32_t>& open) const {
    const std::size_t first = from / kPair * kPair;
    Targets targets = targets_.view();
    targets.halves += first * depth_tiles(d_) * kTileDepth;
    targets.facts += first;
    targets.count = to - first;
    counts_.clear(chosen.count);
    screen_below(session_, rows.view(chosen.count), targets, d_,
                 TakeBelow{counts_.data(), candidates_.data(), most_, static_cast<unsigned>(from - first), static_cast<std::int32_t>(b.first + first)});
    session_.pace(0, 32.0 * static_cast<double>(chosen.count) * static_cast<double>(d_));
    launch(session_.stream(), blocks(chosen.count, kWalkWarps), kWalkThreads, 0, measure_kernel, near(b), queries(), lists(), chosen,
           static_cast<const unsigned*>(counts_.data()), static_cast<const std::int32_t*>(candidates_.data()), most_, open_count_.data(), open.data());
  }

  void measure_all(const Corpus::Block& b, std::size_t from, std::size_t to, Chosen chosen) const {
    const std::size_t some = std::max<std::size_t>(32, (std::size_t{1} << 34) / (chosen.count * d_) / 32 * 32);
    for (std::size_t at = from; at < to; at += some) {
      launch(session_.stream(), blocks(chosen.count, kWalkWarps), kWalkThreads, 0, measure_all_kernel, near(b), queries(), lists(), chosen, at,
             std::min(to, at + some));
      session_.wait();
    }
  }

  void close(std::size_t first, std::size_t rows) {
    totals_.clear(2);
    launch(session_.stream(), blocks(rows * k_, kThreads), kThreads, 0, answer_kernel, lists(), metric_, rows, indices_.data(), distances_.data(),
           totals_.data());
    unsigned totals[2];
    totals_.download(totals, 2);
    a_.rechecked += totals[0];
    a_.torn_count += totals[1];
    if (totals[1] > 0) torn_.download(a_.torn + first, rows);
    indices_.download(a_.indices + first * k_, rows * k_);
    distances_.download(a_.distances + first * k_, rows * k_);
  }

  MatomariCudaNearest& a_;
  Metric metric_;
  std::size_t d_;
  unsigned k_, most_;  // candidates of a query that are noted at once
  bool self_;
  Session session_;
  std::size_t group_, at_once_;  // queries; and of those that are screened again
  Corpus points_;
  ScreenBound bound_;
  DeviceBuffer<unsigned> bad_;
  DeviceBuffer<float> mean_;
  DeviceBuffer<double> squares_, inverse_;
  PackedTargets targets_;
  DeviceBuffer<float> query_rows_;
  DeviceBuffer<double> query_squares_, query_inverse_;
  PackedRows packed_;
  DeviceBuffer<Scored> entries_;
  DeviceBuffer<unsigned> filled_, seen_;
  DeviceBuffer<double> limits_;
  DeviceBuffer<std::uint8_t> torn_;
  DeviceBuffer<unsigned> counts_;
  DeviceBuffer<std::int32_t> candidates_;
  DeviceBuffer<unsigned> open_count_;
  DeviceBuffer<std::uint32_t> open_[2];
  PackedRows again_;
  DeviceBuffer<std::int32_t> indices_;
  DeviceBuffer<float> distances_;
  DeviceBuffer<unsigned> totals_;
  const float* query_ = nullptr;
  std::size_t query_count_ = 0;
  double shift_length_ = 0;
  bool ready_ = false, checked_ = false;
};

}  // namespace

int nearest(const MatomariCudaJob* job, MatomariCudaNearest* arguments, MatomariCudaError* error) {
  return guarded(error, [&] { NearSearch(*job, *arguments).run(); });
}

}  // namespace matomari::cuda
