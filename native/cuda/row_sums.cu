#include "cuda/row_sums.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "cuda/walk.cuh"

namespace matomari::cuda {

namespace {

constexpr unsigned kThreads = 256;

__device__ std::size_t thread_number() { return std::size_t{blockIdx.x} * blockDim.x + threadIdx.x; }

__device__ void raise(unsigned long long* to, double v) { atomicMax(to, static_cast<unsigned long long>(__double_as_longlong(v))); }

__global__ void __launch_bounds__(kWalkThreads) squares_kernel(FitRows rows, const double* targets, const std::int32_t* labels, double share, double* out) {
  __shared__ WalkStage<float> stages[kWalkWarps];
  const std::size_t i = thread_number(), row = i < rows.rows ? i : rows.rows - 1;
  const double* const target = targets + (labels ? static_cast<std::size_t>(labels[row]) : 0) * rows.d;
  const double factor = rows.inverse ? rows.inverse[row] : 1.0;
  double sum = 0;
  walk(stages[threadIdx.x / 32], rows.points, rows.d, row, [&](std::size_t l, float v) {
    const double t = static_cast<double>(v) * factor - target[l];
    sum += t * t;
  });
  if (i >= rows.rows) return;
  out[i] = share > 0 ? sum * ((rows.weight ? static_cast<double>(rows.weight[i]) : 1.0) * share) : sum;
}

__global__ void largest_kernel(const double* values, const float* weight, std::size_t n, unsigned long long* out) {
  double most = 0;
  for (std::size_t i = thread_number(); i < n; i += std::size_t{gridDim.x} * blockDim.x)
    most = fmax(most, values[i] * (weight ? static_cast<double>(weight[i]) : 1.0));
  most = warp_max(most);
  if (threadIdx.x % 32 == 0) raise(out, most);
}

__global__ void fixed_sum_kernel(const double* values, std::size_t n, core::FixedSum fixed, unsigned long long* out) {
  long long sum = 0;
  for (std::size_t i = thread_number(); i < n; i += std::size_t{gridDim.x} * blockDim.x) sum += fixed.term(values[i]);
  sum = warp_sum(sum);
  if (threadIdx.x % 32 == 0) atomicAdd(out, static_cast<unsigned long long>(sum));
}

// A block takes 128 columns of some rows.
constexpr unsigned kStrip = 128;
constexpr std::size_t kSomeRows = 512;

__global__ void __launch_bounds__(kStrip) bounds_kernel(FitRows rows, std::size_t strips, unsigned long long* most) {
  const std::size_t l = blockIdx.x % strips * kStrip + threadIdx.x, first = blockIdx.x / strips * kSomeRows;
  if (l >= rows.d) return;
  const std::size_t last = first + kSomeRows < rows.rows ? first + kSomeRows : rows.rows;
  double bound = 0;
  for (std::size_t i = first; i < last; ++i) {
    const double factor = (rows.inverse ? rows.inverse[i] : 1.0) * (rows.weight ? static_cast<double>(rows.weight[i]) : 1.0);
    bound = fmax(bound, fabs(static_cast<double>(rows.points[i * rows.d + l]) * factor));
  }
  raise(most + l, bound);
}

__global__ void scales_kernel(const double* bounds, std::size_t d, std::size_t count, double* scale) {
  const std::size_t l = thread_number();
  if (l < d) scale[l] = core::fixed_scale(bounds[l], count);
}

unsigned some_blocks(std::size_t n) { return std::clamp(blocks(n, kThreads * 4), 1u, 2048u); }

}  // namespace

void squared_distances(const Session& session, const FitRows& rows, const double* targets, const std::int32_t* labels, double share,
                       double* out) {
  session.pace(0, 4.0 * static_cast<double>(rows.rows) * static_cast<double>(rows.d));
  launch(session.stream(), blocks(rows.rows, kWalkThreads), kWalkThreads, 0, squares_kernel, rows, targets, labels, share, out);
}

void raise_to_largest(const Session& session, const double* values, const float* weight, std::size_t n, unsigned long long* out) {
  launch(session.stream(), some_blocks(n), kThreads, 0, largest_kernel, values, weight, n, out);
}

double order_free_sum(const Session& session, const double* values, std::size_t n) {
  const DeviceBuffer<unsigned long long> answer(session, 1);
  answer.clear(1);
  raise_to_largest(session, values, nullptr, n, answer.data());
  const core::FixedSum fixed(std::bit_cast<double>(answer.fetch()), n);
  answer.clear(1);
  launch(session.stream(), some_blocks(n), kThreads, 0, fixed_sum_kernel, values, n, fixed, answer.data());
  return fixed.value(static_cast<std::int64_t>(answer.fetch()));
}

void raise_column_bounds(const Session& session, const FitRows& rows, unsigned long long* most) {
  session.pace(0, 4.0 * static_cast<double>(rows.rows) * static_cast<double>(rows.d));
  const unsigned strips = blocks(rows.d, kStrip);
  launch(session.stream(), blocks(rows.rows, kSomeRows) * strips, kStrip, 0, bounds_kernel, rows, std::size_t{strips}, most);
}

void column_scales(const Session& session, const double* bounds, std::size_t d, std::size_t count, double* scale) {
  launch(session.stream(), blocks(d, kThreads), kThreads, 0, scales_kernel, bounds, d, count, scale);
}

}  // namespace matomari::cuda
