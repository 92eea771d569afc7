#include "cuda/prepare.h"

#include <algorithm>
#include <cmath>

#include "cuda/walk.cuh"

namespace matomari::cuda {

namespace {

constexpr unsigned kThreads = kWalkThreads;

__device__ std::size_t thread_number() { return std::size_t{blockIdx.x} * blockDim.x + threadIdx.x; }

__global__ void not_finite_kernel(const float* values, std::size_t n, unsigned* bad) {
  bool found = false;
  for (std::size_t i = thread_number(); i < n; i += std::size_t{gridDim.x} * blockDim.x) found |= !(fabsf(values[i]) <= 3.4028235e38f);
  if (found) atomicMax(bad, 1u);
}

__global__ void __launch_bounds__(kWalkThreads) lengths_kernel(const float* values, std::size_t rows, std::size_t d, double* out, unsigned* bad) {
  __shared__ WalkStage<float> stages[kWalkWarps];
  const std::size_t i = thread_number();
  double square = 0;
  walk(stages[threadIdx.x / 32], values, d, i < rows ? i : rows - 1,
       [&](std::size_t, float v) { square += static_cast<double>(v) * static_cast<double>(v); });
  if (i >= rows) return;
  if (!bad) {
    out[i] = square;
    return;
  }
  if (square == 0) atomicMax(bad, 1u);
  out[i] = 1 / sqrt(square);
}

__global__ void inverse_kernel(const double* squares, std::size_t rows, double* out) {
  if (const std::size_t i = thread_number(); i < rows) out[i] = squares[i] > 0 ? 1 / sqrt(squares[i]) : 0.0;
}

// A warp takes a row.
template <class T>
__global__ void __launch_bounds__(kThreads) widen_kernel(const T* in, std::size_t rows, std::size_t d, bool unit, double* out) {
  const std::size_t j = thread_number() / 32;
  if (j >= rows) return;
  auto value = [v = in + j * d](std::size_t l) { return static_cast<double>(v[l]); };
  const double norm = unit ? sqrt(sum_in_order(d, [&](std::size_t l) { return value(l) * value(l); })) : 1.0;
  for (std::size_t l = threadIdx.x % 32; l < d; l += 32) out[j * d + l] = unit ? value(l) / norm : value(l);
}

__global__ void means_kernel(const float* values, std::size_t rows, std::size_t d, std::size_t step, const double* factor, float* mean) {
  const std::size_t l = thread_number();
  if (l >= d) return;
  double sum = 0;
  std::size_t count = 0;
  for (std::size_t i = 0; i < rows; i += step, ++count) sum += static_cast<double>(values[i * d + l]) * (factor ? factor[i] : 1.0);
  mean[l] = static_cast<float>(sum / static_cast<double>(count));
}

__global__ void __launch_bounds__(kWalkThreads) distances_kernel(Metric metric, const float* points, std::size_t rows, std::size_t d, const float* targets,
                                                                 const double* target_squares, const std::int32_t* labels, float* out) {
  __shared__ WalkStage<float> stages[kWalkWarps];
  const std::size_t i = thread_number(), row = i < rows ? i : rows - 1;
  const auto j = static_cast<std::size_t>(labels[row]);
  const float* const target = targets + j * d;
  double product = 0, square = 0;
  walk(stages[threadIdx.x / 32], points, d, row, [&](std::size_t l, float v) {
    const auto x = static_cast<double>(v);
    product += x * static_cast<double>(target[l]);
    square += x * x;
  });
  if (i < rows)
    out[i] = static_cast<float>(pair_value(metric, product, square, target_squares[j], [&] { return squared_difference(points + i * d, target, d); }));
}

template <class T>
void start_widen(const Session& session, const T* in, std::size_t rows, std::size_t d, bool unit, double* out) {
  launch(session.stream(), blocks(rows, kThreads / 32), kThreads, 0, widen_kernel<T>, in, rows, d, unit, out);
}

}  // namespace

void find_not_finite(const Session& session, const float* values, std::size_t n, unsigned* bad) {
  if (n == 0) return;
  launch(session.stream(), std::min(blocks(n, kThreads * 16), 4096u), kThreads, 0, not_finite_kernel, values, n, bad);
}

void refuse_if(const DeviceBuffer<unsigned>& bad) {
  if (bad.fetch() != 0) throw core::Error(core::Code::bad_input, "the data hold a value that is not usable");
}

void squared_lengths(const Session& session, const float* values, std::size_t rows, std::size_t d, double* out) {
  launch(session.stream(), blocks(rows, kThreads), kThreads, 0, lengths_kernel, values, rows, d, out, static_cast<unsigned*>(nullptr));
}
void inverse_lengths(const Session& session, const double* squares, std::size_t rows, double* out) {
  launch(session.stream(), blocks(rows, kThreads), kThreads, 0, inverse_kernel, squares, rows, out);
}
void inverse_lengths(const Session& session, const float* values, std::size_t rows, std::size_t d, double* out, unsigned* bad) {
  launch(session.stream(), blocks(rows, kThreads), kThreads, 0, lengths_kernel, values, rows, d, out, bad);
}

void widen(const Session& session, const float* in, std::size_t rows, std::size_t d, bool unit, double* out) {
  start_widen(session, in, rows, d, unit, out);
}
void widen(const Session& session, const double* in, std::size_t rows, std::size_t d, bool unit, double* out) {
  start_widen(session, in, rows, d, unit, out);
}

void column_means(const Session& session, const float* values, std::size_t rows, std::size_t d, const double* factor, float* mean) {
  constexpr std::size_t kSample = 512;
  launch(session.stream(), blocks(d, 32), 32, 0, means_kernel, values, rows, d, std::max<std::size_t>(1, rows / kSample), factor, mean);
}

void label_distances(const Session& session, Metric metric, const float* points, std::size_t rows, std::size_t d,
                     const float* targets, const double* target_squares, const std::int32_t* labels, float* out) {
  launch(session.stream(), blocks(rows, kThreads), kThreads, 0, distances_kernel, metric, points, rows, d, targets, target_squares,
         labels, out);
}

}  // namespace matomari::cuda
