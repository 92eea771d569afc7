#include "distances/distances.h"

#include <algorithm>

#include "core/buffer.h"
#include "core/finite.h"
#include "core/parallel.h"

namespace matomari {

using core::Buffer;
using core::ConstMatrix;

void squared_norms(core::Context& ctx, ConstMatrix m, double* out) {
  core::parallel_for(ctx, m.rows, 65536 / std::max<std::size_t>(1, m.cols), [&](std::size_t begin, std::size_t end, unsigned) {
    for (std::size_t i = begin; i < end; ++i) out[i] = dot_product(m.row(i), m.row(i), m.cols);
  });
}

namespace {

// Rows [first, first + count) of b as float64 panels: [panel][depth][panel64], zero-padded.
void pack(ConstMatrix b, std::size_t first, std::size_t count, std::size_t width, double* out) {
  for (std::size_t p = 0; p * width < count; ++p)
    for (std::size_t j = 0; j < width; ++j) {
      const std::size_t i = p * width + j;
      double* column = out + p * width * b.cols + j;
      for (std::size_t l = 0; l < b.cols; ++l)
        column[l * width] = i < count ? static_cast<double>(b.row(first + i)[l]) : 0.0;
    }
}

}  // namespace

void distances(core::Context& ctx, const simd::Kernels& k, ConstMatrix a, ConstMatrix b, Metric metric,
               core::MutableMatrix out) {
  require_finite(ctx, a, "a");
  if (b.data != a.data) require_finite(ctx, b, "b");
  Buffer<double> aa(a.rows), bb(b.rows);
  if (metric != Metric::dot) {
    squared_norms(ctx, a, aa.data());
    squared_norms(ctx, b, bb.data());
  }
  // b goes by in parts that fit the second-level caches as float64; every part meets all rows of a.
  const std::size_t width = k.panel64;
  const std::size_t part = std::max(width, (std::size_t{1} << 19) / (8 * std::max<std::size_t>(1, a.cols)) / width * width);
  constexpr std::size_t kRows = 32;
  Buffer<double> panels((part + width) * a.cols);
  Buffer<double> tiles(ctx.threads() * kRows * width);
  const std::size_t total = (b.rows + part - 1) / part;
  for (std::size_t q = 0; q < total; ++q) {
    const std::size_t first = q * part, count = std::min(part, b.rows - first);
    pack(b, first, count, width, panels.data());
    core::parallel_for(ctx, a.rows, kRows, [&](std::size_t begin, std::size_t end, unsigned slot) {
      double* tile = tiles.data() + slot * kRows * width;
      for (std::size_t j0 = 0; j0 < count; j0 += width) {
        k.dot64(a.row(begin), a.cols, end - begin, panels.data() + j0 * a.cols, a.cols, tile, width, false);
        const std::size_t columns = std::min(width, count - j0);
        for (std::size_t i = begin; i < end; ++i)
          for (std::size_t c = 0; c < columns; ++c) {
            const std::size_t j = first + j0 + c;
            const double v = pair_value(metric, tile[(i - begin) * width + c], aa[i], bb[j],
                                        [&] { return squared_difference(a.row(i), b.row(j), a.cols); });
            out.row(i)[j] = static_cast<float>(v);
          }
      }
    });
    ctx.progress("distances", q + 1, total);
  }
}

}  // namespace matomari
