#include "cuda/weighted_sums.h"

#include "cuda/instructions.h"

namespace matomari::cuda {

namespace {

constexpr unsigned kThreads = 64, kEach = 2;  // columns of a thread, kThreads apart
constexpr std::size_t kStrip = kThreads * kEach;
constexpr unsigned kFlight = 16;  // vectors that are fetched before they are added

// The first entry from `begin` on whose row is not below `row`.
__device__ std::size_t first_at(const WeightedBlock& b, std::size_t begin, std::size_t end, std::size_t row) {
  while (begin < end) {
    const std::size_t middle = (begin + end) / 2;
    if (b.entries[middle].row < row)
      begin = middle + 1;
    else
      end = middle;
  }
  return begin;
}

// A block of threads adds up a strip of the vectors' columns for one column of the weights. The order of additions is that of the
// rows; only the loads run ahead. Products of float32 numbers are exact in float64.
__global__ void __launch_bounds__(kThreads) add_kernel(WeightedBlock b, std::size_t strips, double* sums, double* totals) {
  const std::size_t j = blockIdx.x / strips, strip = blockIdx.x % strips, l = strip * kStrip + threadIdx.x;
  std::size_t e = b.ends[j] - b.base, end = b.ends[j + 1] - b.base;
  if (b.first > 0) e = first_at(b, e, end, b.first);
  if (b.first + b.rows < b.block_rows) end = first_at(b, e, end, b.first + b.rows);
  if (e == end) return;
  bool mine[kEach];
  double sum[kEach], total = totals[blockIdx.x];
#pragma unroll
  for (unsigned v = 0; v < kEach; ++v) {
    mine[v] = l + v * kThreads < b.d;
    sum[v] = mine[v] ? sums[j * b.d + l + v * kThreads] : 0.0;
  }
  __syncthreads();  // all have read the total that one writes
  simd::WeightedRow next[kFlight];
#pragma unroll
  for (unsigned n = 0; n < kFlight; ++n) next[n] = b.entries[e + n < end ? e + n : end - 1];
  for (; e < end; e += kFlight) {
    float values[kFlight][kEach], weights[kFlight];
#pragma unroll
    for (unsigned n = 0; n < kFlight; ++n) {
      weights[n] = next[n].weight;
#pragma unroll
      for (unsigned v = 0; v < kEach; ++v)
        values[n][v] = mine[v] ? b.vectors[(next[n].row - b.first) * b.d + l + v * kThreads] : 0.0f;
    }
    // The entries after these are under way together with the vectors.
#pragma unroll
    for (unsigned n = 0; n < kFlight; ++n) next[n] = b.entries[e + kFlight + n < end ? e + kFlight + n : end - 1];
#pragma unroll
    for (unsigned n = 0; n < kFlight; ++n) {
      if (e + n >= end) break;
      const auto w = static_cast<double>(weights[n]);
      total += w;
#pragma unroll
      for (unsigned v = 0; v < kEach; ++v) sum[v] = fma(w, static_cast<double>(values[n][v]), sum[v]);
    }
  }
#pragma unroll
  for (unsigned v = 0; v < kEach; ++v)
    if (mine[v]) sums[j * b.d + l + v * kThreads] = sum[v];
  if (threadIdx.x == 0) totals[blockIdx.x] = total;
}

__global__ void means_kernel(const double* sums, const double* totals, std::size_t count, std::size_t d, std::size_t strips, float* out) {
  const std::size_t i = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i >= count) return;
  const double total = totals[i / d * strips];
  out[i] = total != 0 ? static_cast<float>(sums[i] / total) : 0.0f;
}

}  // namespace

std::size_t weighted_strips(std::size_t d) { return (d + kStrip - 1) / kStrip; }

void add_weighted(const Session& session, const WeightedBlock& block, double* sums, double* totals) {
  const std::size_t strips = weighted_strips(block.d);
  launch(session.stream(), static_cast<unsigned>(block.columns * strips), kThreads, 0, add_kernel, block, strips, sums, totals);
}

void weighted_means(const Session& session, const double* sums, const double* totals, std::size_t columns, std::size_t d, float* out) {
  constexpr unsigned threads = 256;
  launch(session.stream(), blocks(columns * d, threads), threads, 0, means_kernel, sums, totals, columns * d, d, weighted_strips(d), out);
}

}  // namespace matomari::cuda
