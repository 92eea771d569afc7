#include "weighted_mean/weighted_mean.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/buffer.h"
#include "core/finite.h"
#include "core/parallel.h"

namespace matomari {

using core::Buffer;

namespace {

[[noreturn]] void refuse(const std::string& what) { throw core::Error(core::Code::bad_input, what); }

template <class Index>
void check(const core::Context& ctx, const SparseView<Index>& w) {
  if (w.indptr[0] != 0) refuse("weights.indptr must begin with 0, not " + std::to_string(w.indptr[0]));
  for (std::size_t i = 0; i < w.rows; ++i)
    if (w.indptr[i + 1] < w.indptr[i] || static_cast<std::uint64_t>(w.indptr[i + 1]) > w.entries)
      refuse("weights.indptr must not fall nor pass the " + std::to_string(w.entries) + " entries, but row " +
             std::to_string(i) + " goes from " + std::to_string(w.indptr[i]) + " to " + std::to_string(w.indptr[i + 1]));
  if (static_cast<std::uint64_t>(w.indptr[w.rows]) != w.entries)
    refuse("weights.indptr ends with " + std::to_string(w.indptr[w.rows]) + ", but there are " +
           std::to_string(w.entries) + " entries");
  for (std::size_t e = 0; e < w.entries; ++e) {
    if (e % 1048576 == 0) ctx.check();
    if (w.indices[e] < 0 || static_cast<std::size_t>(w.indices[e]) >= w.cols)
      refuse("weights.indices[" + std::to_string(e) + "] is " + std::to_string(w.indices[e]) + ", but there are " +
             std::to_string(w.cols) + " columns");
    if (!std::isfinite(w.data[e])) refuse("weights.data[" + std::to_string(e) + "] is not a finite number");
  }
}

}  // namespace

template <class Index>
void weighted_mean(core::Context& ctx, const simd::Kernels& k, const SparseView<Index>& w, core::ConstMatrix vectors,
                   core::MutableMatrix out) {
  check(ctx, w);
  require_finite(ctx, vectors, "vectors");
  // By column, rows ascending.
  Buffer<std::size_t> start(w.cols + 1, 0);
  for (std::size_t e = 0; e < w.entries; ++e)
    if (const auto j = static_cast<std::size_t>(w.indices[e]); j < w.cols) ++start[j + 1];
  for (std::size_t j = 0; j < w.cols; ++j) start[j + 1] += start[j];
  struct Entry {
    std::size_t row;
    float weight;
  };
  Buffer<Entry> entries(w.entries, Entry{});
  Buffer<std::size_t> next(w.cols);
  std::copy_n(start.data(), w.cols, next.data());
  for (std::size_t i = 0, e = 0; i < w.rows; ++i) {
    if (i % 65536 == 0) ctx.check();
    for (const auto end = std::min(w.entries, static_cast<std::size_t>(w.indptr[i + 1])); e < end; ++e) {
      const auto j = static_cast<std::size_t>(w.indices[e]);
      if (j >= w.cols || next[j] == start[j + 1]) refuse("weights was written to while the operation ran");
      entries[next[j]++] = {i, w.data[e]};
    }
  }
  const std::size_t d = vectors.cols;
  Buffer<double> sums(ctx.threads() * d);
  std::atomic<std::size_t> done{0};
  core::parallel_for(ctx, w.cols, 8, [&](std::size_t begin, std::size_t end, unsigned slot) {
    double* const sum = sums.data() + slot * d;
    for (std::size_t j = begin; j < end; ++j) {
      std::fill_n(sum, d, 0.0);
      double total = 0;
      for (std::size_t e = start[j]; e < start[j + 1]; ++e) {
        if ((e - start[j]) % 4096 == 0) ctx.check();
        const double weight = static_cast<double>(entries[e].weight);
        k.add_scaled64(vectors.row(entries[e].row), weight, d, sum);
        total += weight;
      }
      float* const mean = out.row(j);
      for (std::size_t l = 0; l < d; ++l) mean[l] = total != 0 ? static_cast<float>(sum[l] / total) : 0.0f;
    }
    ctx.progress("weightedMean", done += end - begin, w.cols);
  });
}

template void weighted_mean(core::Context&, const simd::Kernels&, const SparseView<std::int32_t>&, core::ConstMatrix,
                            core::MutableMatrix);
template void weighted_mean(core::Context&, const simd::Kernels&, const SparseView<std::int64_t>&, core::ConstMatrix,
                            core::MutableMatrix);

}  // namespace matomari
