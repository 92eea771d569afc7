#include "distances/distances.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/buffer.h"
#include "core/finite.h"
#include "core/parallel.h"

namespace matomari {

using core::Buffer;
using core::ConstMatrix;

void squared_norms(core::Context& ctx, ConstMatrix m, double* out) {
  constexpr std::size_t kSide = 8;  // rows at once: a sum in index order waits for each addition, eight do not for one another
  const std::size_t d = m.cols;
  core::parallel_for(ctx, m.rows, 65536 / std::max<std::size_t>(1, d) + kSide, [&](std::size_t begin, std::size_t end, unsigned) {
    std::size_t i = begin;
    for (; i + kSide <= end; i += kSide) {
      const float* const row = m.row(i);
      double sum[kSide] = {};
      for (std::size_t l = 0; l < d; ++l)
        for (std::size_t r = 0; r < kSide; ++r) {
          const double v = static_cast<double>(row[r * d + l]);
          sum[r] += v * v;
        }
      std::copy_n(sum, kSide, out + i);
    }
    for (; i < end; ++i) out[i] = dot_product(m.row(i), m.row(i), d);
  });
}

namespace {

constexpr std::size_t kPart = std::size_t{4} << 20;  // bytes of b that go by at once, as float64: a third-level cache keeps them
constexpr std::size_t kRows = 32;                    // rows of a that a thread takes at once
constexpr std::size_t kColumns = 480;                // columns of the result that it gathers before it writes them: whole panels

// Rows [first, first + count) of m as float64, `side` of them interleaved: [group][depth][side], zero-padded.
void pack(ConstMatrix m, std::size_t first, std::size_t count, std::size_t side, double* out) {
  constexpr std::size_t kRun = 16;  // columns of one row at a time: what is written stays near
  for (std::size_t g = 0; g < count; g += side, out += side * m.cols) {
    const std::size_t there = std::min(side, count - g);
    for (std::size_t from = 0; from < m.cols; from += kRun) {
      const std::size_t to = std::min(m.cols, from + kRun);
      for (std::size_t r = 0; r < there; ++r)
        for (std::size_t l = from; l < to; ++l) out[l * side + r] = static_cast<double>(m.row(first + g + r)[l]);
      for (std::size_t l = from; l < to; ++l) std::fill(out + l * side + there, out + (l + 1) * side, 0.0);
    }
  }
}

// What a metric needs to know of a row besides its products: squared norms for the euclidean metrics, for cosine their
// roots, where a zero row counts as infinitely long, which leaves it at a distance of 1 from everything. Throws where m holds what
// is not a finite number, which its norm tells: float64 has room for any sum of squares of float32 numbers.
Buffer<double> sizes(core::Context& ctx, ConstMatrix m, Metric metric, const char* name) {
  Buffer<double> size(m.rows);
  if (metric == Metric::dot) {
    require_finite(ctx, m, name);
    return size;
  }
  squared_norms(ctx, m, size.data());
  if (!std::all_of(size.begin(), size.end(), [](double v) { return std::isfinite(v); })) require_finite(ctx, m, name);
  if (metric == Metric::cosine)
    for (double& v : size) v = v == 0 ? std::numeric_limits<double>::infinity() : std::sqrt(v);
  return size;
}

class Distances {
 public:
  Distances(core::Context& ctx, const simd::Kernels& k, ConstMatrix a, ConstMatrix b, Metric metric, core::MutableMatrix out)
      : ctx_(ctx), k_(k), a_(a), b_(b), metric_(metric), out_(out), mirrored_(a.data == b.data && a.rows == b.rows),
        streams_(out.size() * sizeof(float) >= kStreamed), a_size_(sizes(ctx, a, metric, "a")),
        b_size_(mirrored_ ? Buffer<double>() : sizes(ctx, b, metric, "b")) {}

  void run() {
    const std::size_t d = a_.cols, width = k_.panel64;
    const std::size_t part = std::min(std::max<std::size_t>(1, kPart / sizeof(double) / std::max<std::size_t>(1, d) / width),
                                      (b_.rows + width - 1) / width) * width;
    Buffer<double> panels(part * d), rows(ctx_.threads() * kRows * d), products(ctx_.threads() * kRows * width);
    Buffer<float> gathered(ctx_.threads() * kRows * kColumns);
    for (std::size_t first = 0; first < b_.rows; first += part) {
      const std::size_t count = std::min(part, b_.rows - first);
      core::parallel_for(ctx_, (count + width - 1) / width, 1, [&](std::size_t p, std::size_t, unsigned) {
        pack(b_, first + p * width, std::min(width, count - p * width), width, panels.data() + p * width * d);
      });
      // Of a matrix with itself, what lies below the diagonal blocks is written with what lies above.
      const std::size_t last = mirrored_ ? std::min(a_.rows, (first + count + kRows - 1) / kRows * kRows) : a_.rows;
      core::parallel_for(ctx_, last, kRows, [&](std::size_t begin, std::size_t end, unsigned slot) {
        const Work work{rows.data() + slot * kRows * d, products.data() + slot * kRows * width, gathered.data() + slot * kRows * kColumns};
        pack(a_, begin, end - begin, k_.row_tile64, work.rows);
        const std::size_t skipped = mirrored_ && begin > first ? (begin - first) / width * width : 0;
        const std::size_t step = kColumns / width * width;
        for (std::size_t c = skipped; c < count; c += step)
          block(begin, end, first + c, std::min(step, count - c), panels.data() + c * d, work);
      });
      ctx_.progress("distances", first + count, b_.rows);
    }
  }

 private:
  static constexpr std::size_t kStreamed = std::size_t{32} << 20;  // bytes of a result that no cache keeps

  struct Work {
    double *rows, *products;
    float* gathered;
  };

  // Columns [first, first + count) of rows [begin, end).
  void block(std::size_t begin, std::size_t end, std::size_t first, std::size_t count, const double* panels, const Work& work) const {
    const std::size_t width = k_.panel64, rows = end - begin, tiles = (rows + k_.row_tile64 - 1) / k_.row_tile64;
    for (std::size_t c = 0; c < count; c += width) {
      k_.tile64(work.rows, tiles, panels + c * a_.cols, a_.cols, work.products);
      for (std::size_t i = 0; i < rows; ++i)
        finish(begin + i, first + c, std::min(width, count - c), work.products + i * width, work.gathered + i * count + c);
    }
    const std::size_t left_out = mirrored_ && begin > first ? std::min(count, begin - first) : 0;
    const float* const from = work.gathered + left_out;
    if (streams_)
      k_.stream(from, count, rows, count - left_out, out_.row(begin) + first + left_out, out_.cols);
    else
      for (std::size_t i = 0; i < rows; ++i)
        std::copy_n(from + i * count, count - left_out, out_.row(begin + i) + first + left_out);
    if (!mirrored_) return;
    for (std::size_t c = end > first ? end - first : 0; c < count; ++c)
      for (std::size_t i = 0; i < rows; ++i) out_.row(first + c)[begin + i] = work.gathered[i * count + c];
  }

  // The distances that belong to the products of row i with columns [first, first + count).
  void finish(std::size_t i, std::size_t first, std::size_t count, const double* product, float* out) const {
    const double* const other = (mirrored_ ? a_size_ : b_size_).data() + first;
    const double own = a_size_[i];
    switch (metric_) {
      case Metric::dot:
        for (std::size_t c = 0; c < count; ++c) out[c] = static_cast<float>(product[c]);
        return;
      case Metric::cosine:
        for (std::size_t c = 0; c < count; ++c) {
          const double v = 1.0 - product[c] / (own * other[c]);
          out[c] = static_cast<float>(v > 0 ? v : 0.0);
        }
        return;
      case Metric::euclidean:
      case Metric::sqeuclidean: break;
    }
    double square[kColumns];
    bool cancels = false;
    for (std::size_t c = 0; c < count; ++c) {
      const double whole = own + other[c];
      square[c] = whole - 2 * product[c];
      cancels |= cancelled(square[c], whole);
    }
    if (cancels) rescue(i, first, count, square);
    if (metric_ == Metric::euclidean)
      for (std::size_t c = 0; c < count; ++c) square[c] = std::sqrt(square[c]);
    for (std::size_t c = 0; c < count; ++c) out[c] = static_cast<float>(square[c]);
  }

  // Puts sums of squared differences where the expanded form has lost too much.
  void rescue(std::size_t i, std::size_t first, std::size_t count, double* square) const {
    const double* const other = (mirrored_ ? a_size_ : b_size_).data() + first;
    const float *own[kColumns], *others[kColumns];
    std::size_t places[kColumns], found = 0;
    for (std::size_t c = 0; c < count; ++c) {
      if (!cancelled(square[c], a_size_[i] + other[c])) continue;
      own[found] = a_.row(i);
      others[found] = b_.row(first + c);
      places[found++] = c;
    }
    double sums[kColumns];
    k_.differences64(own, others, found, a_.cols, sums);
    for (std::size_t n = 0; n < found; ++n) square[places[n]] = sums[n];
  }

  core::Context& ctx_;
  const simd::Kernels& k_;
  ConstMatrix a_, b_;
  Metric metric_;
  core::MutableMatrix out_;
  bool mirrored_;  // a is b
  bool streams_;
  Buffer<double> a_size_, b_size_;
};

}  // namespace

void distances(core::Context& ctx, const simd::Kernels& k, ConstMatrix a, ConstMatrix b, Metric metric,
               core::MutableMatrix out) {
  if (out.size() == 0) {
    require_finite(ctx, a, "a");
    require_finite(ctx, b, "b");
    return;
  }
  Distances(ctx, k, a, b, metric, out).run();
}

}  // namespace matomari
