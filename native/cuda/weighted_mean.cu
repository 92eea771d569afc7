// weightedMean on the device: float64 sums in row order, as the CPU has them.
#include <algorithm>
#include <cmath>

#include "cuda/instructions.h"
#include "cuda/operations.h"
#include "cuda/prepare.h"
#include "cuda/runtime.h"

namespace matomari::cuda {

namespace {

constexpr unsigned kThreads = 128;
constexpr std::size_t kFlight = 16;  // vectors that are fetched before they are added

struct Weights {
  const simd::WeightedRow* entries;
  const std::size_t* ends;
  std::size_t blocks, block_rows, columns;
};

// A block of threads adds up 128 columns of `vectors` for one column of the weights, a thread each. The order of additions
// is that of the rows; only the loads run ahead. Products of float32 numbers are exact in float64.
__global__ void __launch_bounds__(kThreads) mean_kernel(Weights w, const float* vectors, std::size_t d, std::size_t strips, std::size_t first_column, float* out) {
  const std::size_t j = first_column + blockIdx.x / strips;
  const std::size_t l = blockIdx.x % strips * kThreads + threadIdx.x;
  if (l >= d) return;
  double sum = 0, total = 0;
  for (std::size_t b = 0; b < w.blocks; ++b) {
    const std::size_t* const ends = w.ends + b * (w.columns + 1);
    const float* const x = vectors + b * w.block_rows * d + l;
    std::size_t e = ends[j];
    const std::size_t end = ends[j + 1];
    for (; e + kFlight <= end; e += kFlight) {
      float values[kFlight], weights[kFlight];
#pragma unroll
      for (std::size_t n = 0; n < kFlight; ++n) {
        const simd::WeightedRow entry = w.entries[e + n];
        weights[n] = entry.weight;
        values[n] = x[std::size_t{entry.row} * d];
      }
#pragma unroll
      for (std::size_t n = 0; n < kFlight; ++n) {
        sum = fma(static_cast<double>(weights[n]), static_cast<double>(values[n]), sum);
        total += static_cast<double>(weights[n]);
      }
    }
    for (; e < end; ++e) {
      const simd::WeightedRow entry = w.entries[e];
      sum = fma(static_cast<double>(entry.weight), static_cast<double>(x[std::size_t{entry.row} * d]), sum);
      total += static_cast<double>(entry.weight);
    }
  }
  out[j * d + l] = total != 0 ? static_cast<float>(sum / total) : 0.0f;
}

void run(const MatomariCudaJob& job, const MatomariCudaWeightedMean& args) {
  const std::size_t d = args.cols, n = args.rows, columns = args.columns, ends_count = args.blocks * (columns + 1);
  const Session session(args.device, job);
  const DeviceBuffer<unsigned> bad(session, 1);
  const DeviceBuffer<simd::WeightedRow> entries(session, args.entry_count);
  const DeviceBuffer<std::size_t> ends(session, ends_count);
  const DeviceBuffer<float> vectors(session, n * d), out(session, columns * d);
  bad.clear(1);
  vectors.upload(args.vectors, n * d);
  find_not_finite(session, vectors.data(), n * d, bad.data());
  refuse_if(bad);
  entries.upload(args.entries, args.entry_count);
  ends.upload(args.ends, ends_count);
  session.wait();
  session.progress("upload", n, n);

  // Some columns at a time, so that a cancelled job is not kept waiting.
  constexpr std::size_t kColumns = 4096;
  const std::size_t strips = blocks(d, kThreads);
  const Weights weights{entries.data(), ends.data(), args.blocks, args.block_rows, columns};
  for (std::size_t first = 0; first < columns; first += kColumns) {
    const std::size_t count = std::min(kColumns, columns - first);
    launch(session.stream(), static_cast<unsigned>(count * strips), kThreads, 0, mean_kernel, weights,
           static_cast<const float*>(vectors.data()), d, strips, first, out.data());
    session.wait();
    session.progress("weightedMean", first + count, columns);
  }
  out.download(args.out, columns * d);
}

}  // namespace

int weighted_mean(const MatomariCudaJob* job, MatomariCudaWeightedMean* arguments, MatomariCudaError* error) {
  return guarded(error, [&] { run(*job, *arguments); });
}

}  // namespace matomari::cuda
