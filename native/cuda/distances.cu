// distances on the device: float64 products in index order, as the CPU has them.
#include <algorithm>
#include <cmath>

#include "cuda/corpus.h"
#include "cuda/instructions.h"
#include "cuda/operations.h"
#include "cuda/packed.h"
#include "cuda/prepare.h"
#include "distances/pair.h"

namespace matomari::cuda {

namespace {

constexpr unsigned kThreads = 256, kTile = 64, kDepth = 16;

struct Pairs {
  Metric metric;
  const float* a;
  const double* aa;  // squared lengths
  std::size_t a_rows;
  const float* b;
  const double* bb;
  std::size_t b_rows, d;
};

// 64 × 64 pairs a block, 4 × 4 a thread: rows 16 apart, so that a warp reads neighbouring words of shared memory.
__global__ void __launch_bounds__(kThreads) distances_kernel(Pairs p, std::size_t tiles_across, float* out) {
  __shared__ float left[kDepth][kTile + 1], right[kDepth][kTile + 1];
  const std::size_t first_a = blockIdx.x / tiles_across * kTile, first_b = blockIdx.x % tiles_across * kTile;
  const unsigned x = threadIdx.x % 16, y = threadIdx.x / 16;
  double sums[4][4] = {};
  for (std::size_t l0 = 0; l0 < p.d; l0 += kDepth) {
    for (unsigned i = threadIdx.x; i < kTile * kDepth; i += kThreads) {
      const unsigned row = i / kDepth, column = i % kDepth;
      const std::size_t l = l0 + column;
      left[column][row] = first_a + row < p.a_rows && l < p.d ? p.a[(first_a + row) * p.d + l] : 0.0f;
      right[column][row] = first_b + row < p.b_rows && l < p.d ? p.b[(first_b + row) * p.d + l] : 0.0f;
    }
    __syncthreads();
    // Zeros past the last column change nothing: not even the sign of a sum that began with 0.
    for (unsigned l = 0; l < kDepth; ++l) {
      double u[4], v[4];
#pragma unroll
      for (unsigned n = 0; n < 4; ++n) {
        u[n] = static_cast<double>(left[l][y + 16 * n]);
        v[n] = static_cast<double>(right[l][x + 16 * n]);
      }
      // Products of float32 numbers are exact in float64: fused or not, the bits are the same.
#pragma unroll
      for (unsigned m = 0; m < 4; ++m)
#pragma unroll
        for (unsigned n = 0; n < 4; ++n) sums[m][n] = fma(u[m], v[n], sums[m][n]);
    }
    __syncthreads();
  }
#pragma unroll
  for (unsigned m = 0; m < 4; ++m)
#pragma unroll
    for (unsigned n = 0; n < 4; ++n) {
      const std::size_t i = first_a + y + 16 * m, j = first_b + x + 16 * n;
      if (i >= p.a_rows || j >= p.b_rows) continue;
      const double v = pair_value(p.metric, sums[m][n], p.aa[i], p.bb[j],
                                  [&] { return squared_difference(p.a + i * p.d, p.b + j * p.d, p.d); });
      out[i * p.b_rows + j] = static_cast<float>(v);
    }
}

// Of `b` so many rows at once that a few rows of `a` make a piece of results: b's come once, a's for each block of b.
constexpr std::size_t kRight = 65536;

void run(const MatomariCudaJob& job, const MatomariCudaDistances& args) {
  const std::size_t d = args.cols, row = d * sizeof(float);
  const Session session(args.device, job);
  const std::size_t some = std::min(session.available() / 8, kPieceBytes);
  Corpus::Need left, right;
  right.block = sizeof(double);
  right.most = std::clamp<std::size_t>(some / row, 1, kRight);
  left.most = std::clamp<std::size_t>(some / std::max(row, sizeof(float) * std::min(args.b_rows, right.most)), 1, args.a_rows);
  Corpus a(session, args.a, args.a_rows, d, left);
  right.fixed = a.most() * (padded_rows(std::min(args.b_rows, right.most)) * sizeof(float) + sizeof(double));
  Corpus b(session, args.b, args.b_rows, d, right);
  const DeviceBuffer<unsigned> bad(session, 1);
  const DeviceBuffer<float> out(session, a.most() * b.most());
  const DeviceBuffer<double> aa(session, a.most()), bb(session, b.most());
  bad.clear(1);
  b.each([&](const Corpus::Block& y) {
    find_not_finite(session, y.points, y.rows * d, bad.data());
    squared_lengths(session, y.points, y.rows, d, bb.data());
    const std::size_t across = blocks(y.rows, kTile);
    a.each([&](const Corpus::Block& x) {
      if (y.first == 0) find_not_finite(session, x.points, x.rows * d, bad.data());
      refuse_if(bad);
      squared_lengths(session, x.points, x.rows, d, aa.data());
      const Pairs pairs{static_cast<Metric>(args.metric), x.points, aa.data(), x.rows, y.points, bb.data(), y.rows, d};
      launch(session.stream(), static_cast<unsigned>(blocks(x.rows, kTile) * across), kThreads, 0, distances_kernel, pairs, across, out.data());
      session.download(args.out + x.first * args.b_rows + y.first, args.b_rows * sizeof(float), out.data(), y.rows * sizeof(float), x.rows);
      session.progress("distances", b.number(y) * a.blocks() + a.number(x) + 1, a.blocks() * b.blocks());
    });
  });
}

}  // namespace

int distances(const MatomariCudaJob* job, MatomariCudaDistances* arguments, MatomariCudaError* error) {
  return guarded(error, [&] { run(*job, *arguments); });
}

}  // namespace matomari::cuda
