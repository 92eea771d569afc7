#include "truncated_svd/truncated_svd.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/finite.h"
#include "core/parallel.h"
#include "truncated_svd/block_lanczos.h"

namespace matomari {

using core::Buffer;
using core::SparseRows;
using core::SparseView;

namespace {

constexpr std::size_t kGrain = 1024;  // rows whose squares are added up together: part of the result

void embed(core::Context& ctx, const simd::Kernels& k, const SparseRows& matrix, core::ConstMatrix components, float* out) {
  const std::size_t count = components.rows;
  Buffer<float> across(matrix.cols * count);
  core::parallel_for(ctx, matrix.cols, kGrain, [&](std::size_t begin, std::size_t end, unsigned) {
    for (std::size_t c = 0; c < count; ++c)
      for (std::size_t j = begin; j < end; ++j) across[j * count + c] = components.row(c)[j];
  });
  Buffer<double> sums(ctx.threads() * count);
  core::parallel_for(ctx, matrix.rows, 64, [&](std::size_t begin, std::size_t end, unsigned slot) {
    double* const sum = sums.data() + slot * count;
    for (std::size_t i = begin; i < end; ++i) {
      std::fill_n(sum, count, 0.0);
      for (std::size_t e = matrix.start[i]; e < matrix.start[i + 1]; ++e)
        k.add_scaled64(across.data() + static_cast<std::size_t>(matrix.index[e]) * count, static_cast<double>(matrix.value[e]),
                       count, sum);
      for (std::size_t c = 0; c < count; ++c) {
        const float v = static_cast<float>(sum[c]);
        if (!std::isfinite(v))
          throw core::Error(core::Code::bad_input, "row " + std::to_string(i) + " would have coordinate " + std::to_string(sum[c]) +
                                                       ", beyond the largest float32: scale the matrix down");
        out[i * count + c] = v;
      }
    }
  });
}

// Variance of every column of a dense matrix (divided by rows).
void column_variances(core::Context& ctx, core::ConstMatrix m, float* out, double* exact) {
  const auto n = static_cast<double>(m.rows);
  Buffer<double> mean(m.cols, 0.0), part(m.cols);
  std::fill_n(exact, m.cols, 0.0);
  for (const bool squares : {false, true})
    for (std::size_t begin = 0; begin < m.rows; begin += kGrain) {
      ctx.check();
      std::fill_n(part.data(), m.cols, 0.0);
      for (std::size_t i = begin; i < std::min(m.rows, begin + kGrain); ++i)
        for (std::size_t c = 0; c < m.cols; ++c) {
          const double v = static_cast<double>(m.row(i)[c]) - (squares ? mean[c] : 0.0);
          part[c] += squares ? v * v : v;
        }
      for (std::size_t c = 0; c < m.cols; ++c) (squares ? exact[c] : mean[c]) += part[c] / n;
    }
  for (std::size_t c = 0; c < m.cols; ++c) out[c] = static_cast<float>(exact[c]);
}

// The sum of the variances of all columns of a sparse matrix, where entries may stand twice.
double whole_variance(core::Context& ctx, const SparseRows& columns) {
  Buffer<double> variance(columns.rows);
  const auto n = static_cast<double>(columns.cols);
  core::parallel_for(ctx, columns.rows, 16, [&](std::size_t begin, std::size_t end, unsigned) {
    for (std::size_t j = begin; j < end; ++j) {
      double sum = 0, squares = 0, zeros = n;
      for (std::size_t e = columns.start[j]; e < columns.start[j + 1]; ++e) sum += static_cast<double>(columns.value[e]);
      const double mean = sum / n;
      for (std::size_t e = columns.start[j]; e < columns.start[j + 1]; zeros -= 1) {
        double v = -mean;
        for (const std::int32_t row = columns.index[e]; e < columns.start[j + 1] && columns.index[e] == row; ++e)
          v += static_cast<double>(columns.value[e]);
        squares += v * v;
      }
      variance[j] = (squares + zeros * mean * mean) / n;
    }
  });
  double sum = 0;
  for (std::size_t j = 0; j < columns.rows; ++j) sum += variance[j];
  return sum;
}

// Rounds a vector, with the sign that makes its first entry of largest magnitude positive.
void take_component(const double* v, std::size_t cols, float* out) {
  std::size_t most = 0;
  for (std::size_t j = 0; j < cols; ++j) {
    out[j] = static_cast<float>(v[j]);
    if (std::abs(out[j]) > std::abs(out[most])) most = j;
  }
  if (out[most] < 0)
    for (std::size_t j = 0; j < cols; ++j) out[j] = -out[j];
}

}  // namespace

template <class Index>
void truncated_svd(core::Context& ctx, const simd::Kernels& k, const SparseView<Index>& view, std::size_t count,
                   std::uint64_t seed, const TruncatedSvdResult& out) {
  const SparseRows matrix = checked_copy(ctx, view, "sparse");
  const SparseRows columns = transposed(ctx, matrix);
  Buffer<double> values(count), vectors(count * matrix.cols);
  right_singular_vectors(ctx, k, matrix, columns, count, seed, values.data(), vectors.data());
  core::parallel_for(ctx, count, 1, [&](std::size_t c, std::size_t, unsigned) {
    out.singular_values[c] = static_cast<float>(values[c]);
    take_component(vectors.data() + c * matrix.cols, matrix.cols, out.components + c * matrix.cols);
  });
  embed(ctx, k, matrix, {out.components, count, matrix.cols}, out.embedding);
  column_variances(ctx, {out.embedding, matrix.rows, count}, out.variance, values.data());
  const double whole = whole_variance(ctx, columns);
  for (std::size_t c = 0; c < count; ++c) out.variance_ratio[c] = whole > 0 ? static_cast<float>(values[c] / whole) : 0.0f;
}

template <class Index>
void truncated_svd_transform(core::Context& ctx, const simd::Kernels& k, const SparseView<Index>& view,
                             core::ConstMatrix components, float* out) {
  require_finite(ctx, components, "components");
  embed(ctx, k, checked_copy(ctx, view, "sparse"), components, out);
}

template void truncated_svd(core::Context&, const simd::Kernels&, const SparseView<std::int32_t>&, std::size_t,
                            std::uint64_t, const TruncatedSvdResult&);
template void truncated_svd(core::Context&, const simd::Kernels&, const SparseView<std::int64_t>&, std::size_t,
                            std::uint64_t, const TruncatedSvdResult&);
template void truncated_svd_transform(core::Context&, const simd::Kernels&, const SparseView<std::int32_t>&,
                                      core::ConstMatrix, float*);
template void truncated_svd_transform(core::Context&, const simd::Kernels&, const SparseView<std::int64_t>&,
                                      core::ConstMatrix, float*);

}  // namespace matomari
