#include "weighted_mean/weighted_mean.h"

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "core/buffer.h"
#include "core/finite.h"
#include "core/rounds.h"

// Sparse, transposed, times dense. Every entry is met once for every few columns of `vectors`, and what it meets is near:
// a block of rows, cut to so many columns, is copied to where the caches can keep it; then each column of the weights is
// added up in registers over the block's rows. Sums stay in row order whatever the blocks.
namespace matomari {

using core::Buffer;

namespace {

constexpr std::size_t kBlockBytes = std::size_t{4} << 20;  // of vectors, or of sums, at a time: what a third-level cache has room for
constexpr std::size_t kRows = 128;                         // copied by a thread at once
constexpr std::size_t kAhead = 4;                          // rows that are fetched before they are copied

// How many strips of so many bytes each make a block.
std::size_t strips_within(std::size_t bytes, std::size_t strips) noexcept {
  return std::clamp<std::size_t>(kBlockBytes / std::max<std::size_t>(1, bytes), 1, std::max<std::size_t>(1, strips));
}

}  // namespace

template <class Index>
void weighted_mean(core::Context& ctx, const simd::Kernels& k, const SparseView<Index>& weights,
                   core::ConstMatrix vectors, core::MutableMatrix out) {
  const std::size_t width = k.sum_width, d = vectors.cols, cols = weights.cols, strips = (d + width - 1) / width;
  // As many strips at a time as have their sums in a cache: longer pieces of a row are read sooner than short ones far apart.
  const std::size_t wide = strips_within(cols * width * sizeof(double), strips);
  const ByColumn by_column(ctx, weights, kBlockBytes / (wide * width * sizeof(float)));
  const std::size_t blocks = by_column.blocks();
  if (blocks == 0) {
    std::fill_n(out.data, out.size(), 0.0f);
    return;
  }
  const std::size_t rows = by_column.rows(0);
  const std::size_t group = strips_within(rows * width * sizeof(float), strips);  // more where a block has few rows
  const std::size_t groups = (strips + group - 1) / group;
  Buffer<float> block(group * rows * width);
  Buffer<double> sums(group * cols * width), totals(group * cols);
  // Columns that a thread takes at once: of a strip all, where there are strips enough, for what it has of a block then serves many.
  const std::size_t share = std::clamp<std::size_t>(cols * group / (16 * ctx.threads()), 1, std::max<std::size_t>(1, cols));
  const std::size_t shares = (cols + share - 1) / share;
  std::atomic<bool> finite{true};

  // Two rounds for each group of strips and each block of rows: copy, then add up.
  struct Round {
    std::size_t first_strip, strips, block;
    bool adds;
  };
  auto at = [&](std::uint32_t round) {
    const std::size_t first = round / 2 / blocks * group;
    return Round{first, std::min(group, strips - first), round / 2 % blocks, round % 2 == 1};
  };
  auto size = [&](std::uint32_t round) {
    const Round r = at(round);
    return r.adds ? r.strips * shares : (by_column.rows(r.block) + kRows - 1) / kRows;
  };
  auto copy_rows = [&](const Round& r, std::size_t begin, std::size_t end) {
    bool good = true;
    for (std::size_t i = begin; i < end; ++i) {
      const float* const row = vectors.row(by_column.first_row(r.block) + i);
      for (std::size_t s = 0; s < r.strips; ++s) {
        const std::size_t first = (r.first_strip + s) * width, columns = std::min(width, d - first);
        if (i + kAhead < end)
          for (std::size_t l = 0; l < columns; l += 16) __builtin_prefetch(row + kAhead * d + first + l);
        float* const to = block.data() + (s * rows + i) * width;
        good &= k.copy_finite(row + first, columns, to);
        std::fill(to + columns, to + width, 0.0f);
      }
    }
    if (!good) finite.store(false, std::memory_order_relaxed);
  };
  auto add_columns = [&](const Round& r, std::size_t s, std::size_t begin, std::size_t end) {
    double* const sum = sums.data() + (s * cols + begin) * width;
    double* const total = totals.data() + s * cols + begin;
    if (r.block == 0) {
      std::fill_n(sum, (end - begin) * width, 0.0);
      std::fill_n(total, end - begin, 0.0);
    }
    k.add_weighted64(block.data() + s * rows * width, by_column.entries(), by_column.ends(r.block) + begin, end - begin,
                     sum, total);
    if (r.block + 1 < blocks) return;
    const std::size_t first = (r.first_strip + s) * width, columns = std::min(width, d - first);
    for (std::size_t j = 0; j < end - begin; ++j) {
      float* const mean = out.row(begin + j) + first;
      for (std::size_t l = 0; l < columns; ++l)
        mean[l] = total[j] != 0 ? static_cast<float>(sum[j * width + l] / total[j]) : 0.0f;
    }
  };
  auto body = [&](std::uint32_t round, std::size_t part, std::size_t, unsigned) {
    const Round r = at(round);
    if (r.adds)
      add_columns(r, part / shares, part % shares * share, std::min(cols, (part % shares + 1) * share));
    else
      copy_rows(r, part * kRows, std::min(by_column.rows(r.block), (part + 1) * kRows));
  };
  const auto rounds = static_cast<std::uint32_t>(groups * blocks * 2);
  core::parallel_rounds(ctx, rounds, 1, size, body, [&](std::uint32_t round) {
    ctx.progress("weightedMean", round + 1, rounds);
  });
  if (!finite.load()) require_finite(ctx, vectors, "vectors");
}

template void weighted_mean(core::Context&, const simd::Kernels&, const SparseView<std::int32_t>&, core::ConstMatrix,
                            core::MutableMatrix);
template void weighted_mean(core::Context&, const simd::Kernels&, const SparseView<std::int64_t>&, core::ConstMatrix,
                            core::MutableMatrix);

}  // namespace matomari
