#include "cuda/seeding.h"

#include <cmath>

#include "core/philox.h"
#include "cuda/screen_narrow.cuh"
#include "cuda/walk.cuh"

namespace matomari::cuda {

namespace {

constexpr unsigned kThreads = 256, kMost = narrow::kTargets;
constexpr std::size_t kSum = 512;  // rows of a sum of tickets

__device__ std::size_t thread_number() { return std::size_t{blockIdx.x} * blockDim.x + threadIdx.x; }

__device__ double weight_of(const FitRows& rows, std::size_t i) { return rows.weight ? static_cast<double>(rows.weight[i]) : 1.0; }

__global__ void ones_kernel(double* values, std::size_t n) {
  if (const std::size_t i = thread_number(); i < n) values[i] = 1;
}

// A sum over the threads of a block, known to the first.
__device__ long long block_sum(long long mine) {
  __shared__ long long sums[kThreads / 32];
  const long long warp = warp_sum(mine);
  __syncthreads();
  if (threadIdx.x % 32 == 0) sums[threadIdx.x / 32] = warp;
  __syncthreads();
  long long sum = 0;
  for (unsigned w = 0; threadIdx.x == 0 && w < kThreads / 32; ++w) sum += sums[w];
  return sum;
}

__global__ void __launch_bounds__(kThreads) total_kernel(const long long* sums, std::size_t count, bool anew, SeedState* state, long long* falls, unsigned* lists,
                                                         std::size_t list_count) {
  long long mine = 0;
  for (std::size_t b = threadIdx.x; !anew && b < count; b += kThreads) mine += sums[b];
  const long long total = block_sum(mine);
  for (std::size_t b = threadIdx.x; b < list_count; b += kThreads) lists[b] = 0;
  if (threadIdx.x < kMost) falls[threadIdx.x] = 0;
  if (threadIdx.x != 0) return;
  state->total = total;
  // Once a far outlier is a seed, tickets to its scale would tell the rest no longer apart.
  state->due = anew || total < state->fixed.most() >> 10;
  state->largest = 0;
}

__global__ void __launch_bounds__(kThreads) largest_kernel(FitRows rows, const double* closest, SeedState* state) {
  if (!state->due) return;
  double most = 0;
  for (std::size_t i = thread_number(); i < rows.rows; i += std::size_t{gridDim.x} * kThreads) most = fmax(most, closest[i] * weight_of(rows, i));
  most = warp_max(most);
  if (threadIdx.x % 32 == 0) atomicMax(&state->largest, static_cast<unsigned long long>(__double_as_longlong(most)));
}

__global__ void __launch_bounds__(kThreads) tickets_kernel(FitRows rows, const double* closest, const SeedState* state, long long* tickets, long long* sums) {
  if (!state->due) return;
  const core::FixedSum fixed(__longlong_as_double(static_cast<long long>(state->largest)), rows.rows);
  long long mine = 0;
  for (std::size_t r = threadIdx.x; r < kSum; r += kThreads) {
    const std::size_t i = blockIdx.x * kSum + r;
    if (i >= rows.rows) break;
    const long long ticket = fixed.term(closest[i] * weight_of(rows, i));
    tickets[i] = ticket;
    mine += ticket;
  }
  const long long sum = block_sum(mine);
  if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}

struct Draw {
  std::uint64_t seed;
  core::Stream stream;
  std::uint32_t run, step;
  unsigned trials;
};

// Rows drawn in proportion to their tickets, as Lottery::row_of finds them.
__global__ void __launch_bounds__(kThreads) draw_kernel(Draw draw, const long long* tickets, std::size_t rows, const long long* sums, std::size_t count,
                                                        SeedState* state, std::uint32_t* drawn) {
  __shared__ long long before[kThreads + 1], numbers[kMost], rest[kMost];
  __shared__ std::size_t found[kMost];
  const std::size_t each = (count + kThreads - 1) / kThreads;
  const std::size_t begin = threadIdx.x * each < count ? threadIdx.x * each : count, end = begin + each < count ? begin + each : count;
  long long mine = 0;
  for (std::size_t b = begin; b < end; ++b) mine += sums[b];
  before[threadIdx.x + 1] = mine;
  __syncthreads();
  if (threadIdx.x == 0) {
    before[0] = 0;
    for (unsigned t = 0; t < kThreads; ++t) before[t + 1] += before[t];
    state->total = before[kThreads];
    if (state->due) state->fixed = core::FixedSum(__longlong_as_double(static_cast<long long>(state->largest)), rows);
  }
  __syncthreads();
  const long long total = before[kThreads];
  // With every point on a seed already there is nothing to tell them apart by: the first row, once more.
  if (total <= 0) {
    if (threadIdx.x < draw.trials) drawn[threadIdx.x] = 0;
    return;
  }
  if (threadIdx.x < draw.trials)
    numbers[threadIdx.x] = static_cast<long long>(
        core::draw_below(static_cast<std::uint64_t>(total), draw.seed, draw.stream, draw.run, draw.step, threadIdx.x));
  __syncthreads();
  for (unsigned t = 0; t < draw.trials; ++t) {
    long long number = numbers[t];
    if (number < before[threadIdx.x] || number >= before[threadIdx.x + 1]) continue;
    number -= before[threadIdx.x];
    std::size_t b = begin;
    while (number >= sums[b]) number -= sums[b++];
    found[t] = b;
    rest[t] = number;
  }
  __syncthreads();
  // A warp looks through the rows of a sum.
  const unsigned lane = threadIdx.x % 32;
  constexpr unsigned share = kSum / 32;
  for (unsigned t = threadIdx.x / 32; t < draw.trials; t += kThreads / 32) {
    const std::size_t first = found[t] * kSum + lane * share;
    auto ticket = [&](unsigned i) { return first + i < rows ? tickets[first + i] : 0; };
    long long own = 0;
    for (unsigned i = 0; i < share; ++i) own += ticket(i);
    long long until = own;
    for (unsigned step = 1; step < 32; step *= 2) {
      const long long other = __shfl_sync(kAllLanes, until, lane >= step ? lane - step : lane);
      if (lane >= step) until += other;
    }
    long long number = rest[t] - (until - own);
    if (number < 0 || number >= own) continue;
    unsigned i = 0;
    while (number >= ticket(i)) number -= ticket(i++);
    drawn[t] = static_cast<std::uint32_t>(first + i);
  }
}

__global__ void candidates_kernel(const float* rows, const std::uint32_t* drawn, const double* inverse, std::size_t trials, std::size_t d, double* out) {
  const std::size_t i = thread_number();
  if (i < trials * d) out[i] = static_cast<double>(rows[i]) * (inverse ? inverse[drawn[i / d]] : 1.0);
}

// The score that a candidate must beat to be nearer than the seed the row has: ‖x − c‖² = 2 · score + ‖x'‖². The extent
// bounds ‖x'‖ from above by a billionth, and by the rounding of float64 where a row was shifted.
struct Limit {
  ScreenBound bound;
  double shift_length;

  __device__ float operator()(const Extent& x, double closest) const {
    const double least = x.norm * x.norm * (1 - 1e-8) - 2 * x.norm * (x.norm + 2 * shift_length) * 0x1p-49;
    const double v = (closest - least) / 2 + bound.of_row(x);
    return v < 1e37 && x.norm + x.error < 1e18 ? at_least(v) : HUGE_VALF;
  }
};

__global__ void limits_kernel(Limit limit, const Extent* extents, const double* closest, std::size_t rows, float* limits) {
  if (const std::size_t i = thread_number(); i < rows) limits[i] = limit(extents[i], closest[i]);
}

// The rows that candidates may gain, in no particular order.
struct TakeRows {
  std::uint32_t *masks, *list;
  unsigned* count;

  __device__ void operator()(std::size_t row, unsigned bits) const {
    const unsigned lane = threadIdx.x % 32, found = __ballot_sync(kAllLanes, bits != 0);
    if (found == 0) return;
    unsigned at = lane == 0 ? atomicAdd(count, static_cast<unsigned>(__popc(found))) : 0;
    at = __shfl_sync(kAllLanes, at, 0);
    if (bits == 0) return;
    masks[row] = bits;
    list[at + static_cast<unsigned>(__popc(found & ((1u << lane) - 1)))] = static_cast<std::uint32_t>(row);
  }
};

// Rows of a block of the corpus: all pointers begin with its first row.
struct Gaining {
  FitRows rows;
  const double* candidates;  // [trials × d]
  std::uint32_t* masks;
  const std::uint32_t* list;
  const unsigned* count;
  double* closest;
  long long* tickets;
  unsigned part, parts;  // of the list, since a long one takes long at first

  __device__ std::size_t begin() const { return std::size_t{*count} * part / parts; }
  __device__ std::size_t end() const { return std::size_t{*count} * (part + 1) / parts; }
};

// Measures the rows of the list: the masks keep the candidates that are nearer than the seed, and falls [trials] are what the
// potential loses by each. Four candidates at once: a sum in column order waits for each addition.
__global__ void __launch_bounds__(kWalkThreads) measure_kernel(Gaining g, const SeedState* state, unsigned long long* falls) {
  __shared__ WalkStage<float> stages[kWalkWarps];
  __shared__ unsigned long long own[kMost];
  WalkStage<float>& stage = stages[threadIdx.x / 32];
  const unsigned lane = threadIdx.x % 32;
  if (threadIdx.x < kMost) own[threadIdx.x] = 0;
  __syncthreads();
  const std::size_t count = g.end(), d = g.rows.d;
  const core::FixedSum fixed = state->fixed;
  for (std::size_t first = g.begin() + (std::size_t{blockIdx.x} * kWalkWarps + threadIdx.x / 32) * 32; first < count;
       first += std::size_t{gridDim.x} * kWalkThreads) {
    const bool real = first + lane < count;
    const std::size_t row = g.list[real ? first + lane : first];
    const double factor = g.rows.inverse ? g.rows.inverse[row] : 1.0;
    unsigned open = real ? g.masks[row] : 0, kept = 0;
    while (__any_sync(kAllLanes, open != 0)) {
      unsigned trial[4] = {};
      double sum[4] = {};
      const double* c[4];
      const unsigned taken = open;
#pragma unroll
      for (unsigned v = 0; v < 4; ++v) {
        if (open != 0) trial[v] = static_cast<unsigned>(__ffs(static_cast<int>(open))) - 1;
        c[v] = g.candidates + trial[v] * d;
        open &= open - 1;
      }
      walk(stage, g.rows.points, d, row, [&](std::size_t l, float value) {
        const double x = static_cast<double>(value) * factor;
#pragma unroll
        for (unsigned v = 0; v < 4; ++v) {
          const double t = x - c[v][l];
          sum[v] += t * t;
        }
      });
      unsigned left = taken;
#pragma unroll
      for (unsigned v = 0; v < 4; ++v) {
        if (left != 0 && sum[v] < g.closest[row]) {
          kept |= 1u << trial[v];
          atomicAdd(own + trial[v], static_cast<unsigned long long>(g.tickets[row] - fixed.term(sum[v] * weight_of(g.rows, row))));
        }
        left &= left - 1;
      }
    }
    if (real) g.masks[row] = kept;
  }
  __syncthreads();
  if (threadIdx.x < kMost && own[threadIdx.x] != 0) atomicAdd(falls + threadIdx.x, own[threadIdx.x]);
}

__global__ void choose_kernel(const long long* falls, const std::uint32_t* drawn, unsigned trials, std::size_t step, SeedState* state, std::uint32_t* seeds) {
  unsigned best = 0;
  for (unsigned t = 1; t < trials; ++t)
    if (falls[t] > falls[best]) best = t;
  state->best = best;
  seeds[step] = drawn[best];
}

// Gives the chosen candidate the rows it gains.
__global__ void __launch_bounds__(kWalkThreads) apply_kernel(Gaining g, const SeedState* state, Limit limit, const Extent* extents, std::size_t first_row,
                                                             float* limits, unsigned long long* sums) {
  __shared__ WalkStage<float> stages[kWalkWarps];
  const unsigned lane = threadIdx.x % 32;
  const std::size_t count = *g.count, d = g.rows.d;
  const core::FixedSum fixed = state->fixed;
  const double* const c = g.candidates + state->best * d;
  for (std::size_t first = (std::size_t{blockIdx.x} * kWalkWarps + threadIdx.x / 32) * 32; first < count; first += std::size_t{gridDim.x} * kWalkThreads) {
    const bool real = first + lane < count;
    const std::size_t row = g.list[real ? first + lane : first];
    const bool gains = real && (g.masks[row] >> state->best & 1) != 0;
    if (!__any_sync(kAllLanes, gains)) continue;
    const double factor = g.rows.inverse ? g.rows.inverse[row] : 1.0;
    double sum = 0;
    walk(stages[threadIdx.x / 32], g.rows.points, d, row, [&](std::size_t l, float value) {
      const double t = static_cast<double>(value) * factor - c[l];
      sum += t * t;
    });
    if (!gains) continue;
    const long long ticket = fixed.term(sum * weight_of(g.rows, row));
    atomicAdd(sums + (first_row + row) / kSum, static_cast<unsigned long long>(ticket - g.tickets[row]));
    g.tickets[row] = ticket;
    g.closest[row] = sum;
    limits[row] = limit(extents[row], sum);
  }
}

std::size_t sums_of(std::size_t rows) { return (rows + kSum - 1) / kSum; }

// 2 + ⌊ln k⌋, as seeding.cc has it.
std::size_t trials_of(std::size_t clusters) { return 2 + static_cast<std::size_t>(std::log(static_cast<double>(clusters))); }

}  // namespace

Seeding::Seeding(const Session& session, Corpus& corpus, const Search& search, const FitRows& facts, std::size_t clusters, double shift_length)
    : session_(session), corpus_(corpus), search_(search), facts_(facts), clusters_(clusters), trials_(trials_of(clusters)),
      shift_length_(shift_length), state_(session, 1), closest_(session, facts.rows), tickets_(session, facts.rows),
      sums_(session, sums_of(facts.rows)), limits_(session, facts.rows), masks_(session, facts.rows), list_(session, facts.rows),
      counts_(session, corpus.blocks()), falls_(session, kMost), drawn_(session, kMost), candidate_rows_(session, trials_ * facts.d),
      candidates_(session, trials_ * facts.d), targets_(session, kMost, facts.d) {}

FitRows Seeding::rows_of(const Corpus::Block& block) const {
  return {block.points, facts_.inverse ? facts_.inverse + block.first : nullptr, facts_.weight ? facts_.weight + block.first : nullptr,
          block.rows, facts_.d};
}

void Seeding::draw(std::uint64_t seed, std::uint32_t run, std::size_t step, bool anew, std::size_t trials) {
  const std::size_t n = facts_.rows, d = facts_.d, sums = sums_of(n);
  const cudaStream_t stream = session_.stream();
  session_.pace(0, 100.0 * static_cast<double>(n));
  launch(stream, 1, kThreads, 0, total_kernel, static_cast<const long long*>(sums_.data()), sums, anew, state_.data(), falls_.data(),
         counts_.data(), corpus_.blocks());
  launch(stream, std::min(blocks(n, kThreads * 4), 2048u), kThreads, 0, largest_kernel, facts_, static_cast<const double*>(closest_.data()), state_.data());
  launch(stream, static_cast<unsigned>(sums), kThreads, 0, tickets_kernel, facts_, static_cast<const double*>(closest_.data()),
         static_cast<const SeedState*>(state_.data()), tickets_.data(), sums_.data());
  const Draw how{seed, step == 0 ? core::Stream::kmeans_first : core::Stream::kmeans_trial, run, static_cast<std::uint32_t>(step),
                 static_cast<unsigned>(trials)};
  launch(stream, 1, kThreads, 0, draw_kernel, how, static_cast<const long long*>(tickets_.data()), n, static_cast<const long long*>(sums_.data()),
         sums, state_.data(), drawn_.data());
  corpus_.gather(drawn_.data(), trials, candidate_rows_.data());
  launch(stream, blocks(trials * d, kThreads), kThreads, 0, candidates_kernel, static_cast<const float*>(candidate_rows_.data()),
         static_cast<const std::uint32_t*>(drawn_.data()), facts_.inverse, trials, d, candidates_.data());
}

void Seeding::first(std::uint64_t seed, std::uint32_t run, std::uint32_t* seeds) {
  // Tickets by weight alone.
  launch(session_.stream(), blocks(facts_.rows, kThreads), kThreads, 0, ones_kernel, closest_.data(), facts_.rows);
  draw(seed, run, 0, true, 1);
  choose(0, seeds);
}

void Seeding::measure_first(const Corpus::Block& block, const PackedRows& packed) {
  squared_distances(session_, rows_of(block), candidates_.data(), nullptr, 0, closest_.data() + block.first);
  launch(session_.stream(), blocks(block.rows, kThreads), kThreads, 0, limits_kernel, Limit{search_.bound(), shift_length_},
         static_cast<const Extent*>(packed.extents.data()), static_cast<const double*>(closest_.data() + block.first), block.rows,
         limits_.data() + block.first);
}

void Seeding::next(std::uint64_t seed, std::uint32_t run, std::size_t step) {
  draw(seed, run, step, step == 1, trials_);
  search_.pack_targets(candidates_.data(), trials_, targets_);
}

void Seeding::screen(const Corpus::Block& block, const PackedRows& packed) {
  const double work = static_cast<double>(block.rows) * static_cast<double>(facts_.d);
  session_.pace(0, 3 * work);
  unsigned* const count = counts_.data() + corpus_.number(block);
  launch(session_.stream(), cuda::blocks(block.rows, kTileRows), narrow::kThreads, narrow::kShared, narrow::screen<TakeRows>,
         packed.view(block.rows),
         static_cast<const float*>(limits_.data() + block.first), targets_.view(), facts_.d,
         TakeRows{masks_.data() + block.first, list_.data() + block.first, count});
  Gaining gaining{rows_of(block), candidates_.data(), masks_.data() + block.first, list_.data() + block.first, count,
                  closest_.data() + block.first, tickets_.data() + block.first, 0, 1};
  gaining.parts = 1 + static_cast<unsigned>(work * static_cast<double>(trials_) / 1e11);
  for (; gaining.part < gaining.parts; ++gaining.part) {
    if (gaining.part > 0) session_.wait();
    launch(session_.stream(), std::min(cuda::blocks(block.rows, kWalkThreads), 8 * session_.processors()), kWalkThreads, 0, measure_kernel, gaining,
           static_cast<const SeedState*>(state_.data()), reinterpret_cast<unsigned long long*>(falls_.data()));
  }
}

void Seeding::choose(std::size_t step, std::uint32_t* seeds) {
  launch(session_.stream(), 1, 1, 0, choose_kernel, static_cast<const long long*>(falls_.data()), static_cast<const std::uint32_t*>(drawn_.data()),
         static_cast<unsigned>(trials_), step, state_.data(), seeds);
}

void Seeding::apply(const Corpus::Block& block, const PackedRows& packed) {
  const unsigned* const count = counts_.data() + corpus_.number(block);
  const Gaining gaining{rows_of(block), candidates_.data(), masks_.data() + block.first, list_.data() + block.first, count,
                        closest_.data() + block.first, tickets_.data() + block.first, 0, 1};
  launch(session_.stream(), std::min(cuda::blocks(block.rows, kWalkThreads), 8 * session_.processors()), kWalkThreads, 0, apply_kernel, gaining,
         static_cast<const SeedState*>(state_.data()), Limit{search_.bound(), shift_length_}, static_cast<const Extent*>(packed.extents.data()),
         block.first, limits_.data() + block.first, reinterpret_cast<unsigned long long*>(sums_.data()));
}

}  // namespace matomari::cuda
