#include "truncated_svd/block_lanczos.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "core/buffer.h"
#include "core/parallel.h"
#include "core/philox.h"
#include "pca/eigen.h"

namespace matomari {

using core::Buffer;
using core::SparseRows;

namespace {

constexpr std::size_t kWidth = 8;        // vectors of a block: what the kernels take
constexpr std::size_t kPart = 1024;      // rows whose products are added up together: part of the result
constexpr std::size_t kGuard = 8;        // vectors beyond those wanted that a restart keeps
constexpr double kEnough = 1e-6;         // residual against the eigenvalue
constexpr double kNoise = 1e-13;         // of the largest eigenvalue: what rounding leaves of a residual
constexpr int kRestarts = 300;

using Square = std::array<double, kWidth * kWidth>;

std::size_t blocks_of(std::size_t vectors) noexcept { return (vectors + kWidth - 1) / kWidth; }

// S with Z·S orthonormal, from G = ZᵀZ (Cholesky). A column that adds nothing to those before it, or is no longer than
// √floor, becomes zero.
Square orthonormalizer(const Square& gram, double floor) {
  Square r{}, s{};
  for (std::size_t c = 0; c < kWidth; ++c) {
    double rest = gram[c * kWidth + c];
    for (std::size_t d = 0; d < c; ++d) {
      if (r[d * kWidth + d] == 0) continue;
      double v = gram[d * kWidth + c];
      for (std::size_t e = 0; e < d; ++e) v -= r[e * kWidth + d] * r[e * kWidth + c];
      r[d * kWidth + c] = v / r[d * kWidth + d];
      rest -= r[d * kWidth + c] * r[d * kWidth + c];
    }
    if (!(rest > 1e-13 * gram[c * kWidth + c] && rest > floor)) continue;
    r[c * kWidth + c] = std::sqrt(rest);
    s[c * kWidth + c] = 1 / r[c * kWidth + c];
    for (std::size_t d = c; d-- > 0;) {
      if (r[d * kWidth + d] == 0) continue;
      double v = 0;
      for (std::size_t e = d + 1; e <= c; ++e) v += r[d * kWidth + e] * s[e * kWidth + c];
      s[d * kWidth + c] = -v / r[d * kWidth + d];
    }
  }
  return s;
}

class BlockLanczos {
 public:
  BlockLanczos(core::Context& ctx, const simd::Kernels& k, const SparseRows& matrix, const SparseRows& columns,
               std::size_t count, std::uint64_t seed)
      : ctx_(ctx), k_(k), matrix_(matrix), columns_(columns), n_(matrix.cols), count_(count), seed_(seed),
        capacity_(blocks_of(std::min(n_, std::max(2 * count, count + 64)))), kept_(std::min(capacity_, blocks_of(count + kGuard))),
        parts_((n_ + kPart - 1) / kPart), basis_(capacity_ * n_ * kWidth), image_(n_ * kWidth),
        left_(matrix.rows * kWidth), partial_(parts_ * capacity_ * kWidth * kWidth), scratch_(ctx.threads() * kPart * kWidth),
        projected_(capacity_ * kWidth * capacity_ * kWidth, 0.0), theta_(kept_ * kWidth),
        mix_(kept_ * kWidth * capacity_ * kWidth), missing_(capacity_ * kWidth, false) {}

  void solve(double* values, double* vectors) {
    draw(block(0), [](std::size_t) { return true; });
    orthonormalize(0, 0);
    for (int restart = 0;; ++restart) {
      expand();
      ritz();
      if (converged() || restart == kRestarts) break;
      shrink();
    }
    rotate(kept_);
    for (std::size_t c = 0; c < count_; ++c) {
      values[c] = theta_[c];
      for (std::size_t i = 0; i < n_; ++i) vectors[c * n_ + i] = block(c / kWidth)[i * kWidth + c % kWidth];
    }
    measure(values);
  }

 private:
  double* block(std::size_t b) const noexcept { return basis_.data() + b * n_ * kWidth; }
  std::size_t width() const noexcept { return capacity_ * kWidth; }

  template <class Body>
  void for_parts(Body&& body) {
    core::parallel_for(ctx_, n_, kPart, [&](std::size_t begin, std::size_t end, unsigned slot) { body(begin, end - begin, slot); });
  }

  template <class Wanted>
  void draw(double* z, Wanted&& wanted) {
    ++drawn_;
    for_parts([&](std::size_t begin, std::size_t rows, unsigned) {
      for (std::size_t i = begin; i < begin + rows; ++i)
        for (std::size_t c = 0; c < kWidth; ++c)
          if (wanted(c)) {
            const auto r = core::philox({static_cast<std::uint32_t>(i), drawn_, static_cast<std::uint32_t>(c),
                                         static_cast<std::uint32_t>(core::Stream::truncated_svd)}, seed_);
            z[i * kWidth + c] = static_cast<double>(r[0]) * 0x1p-31 - 1;
          }
    });
  }

  // left_ = A·x.
  void multiply_left(const double* x) {
    core::parallel_for(ctx_, matrix_.rows, 512, [&](std::size_t begin, std::size_t end, unsigned) {
      for (std::size_t i = begin; i < end; ++i)
        k_.gather64(matrix_.index.data() + matrix_.start[i], matrix_.value.data() + matrix_.start[i], matrix_.count(i), x,
                    left_.data() + i * kWidth);
    });
  }
  // image_ = AᵀA·x.
  void multiply(const double* x) {
    multiply_left(x);
    core::parallel_for(ctx_, n_, 16, [&](std::size_t begin, std::size_t end, unsigned) {
      for (std::size_t j = begin; j < end; ++j)
        k_.gather64(columns_.index.data() + columns_.start[j], columns_.value.data() + columns_.start[j], columns_.count(j),
                    left_.data(), image_.data() + j * kWidth);
    });
  }

  // Qᵀz for the first `blocks` blocks of the basis, as `blocks` squares.
  std::vector<Square> cross(const double* z, std::size_t blocks, const double* basis) {
    constexpr std::size_t size = kWidth * kWidth;
    for_parts([&](std::size_t begin, std::size_t rows, unsigned) {
      double* const out = partial_.data() + begin / kPart * blocks * size;
      for (std::size_t b = 0; b < blocks; ++b)
        k_.cross64(basis + (b * n_ + begin) * kWidth, z + begin * kWidth, rows, out + b * size);
    });
    std::vector<Square> sums(blocks, Square{});
    for (std::size_t p = 0; p < parts_; ++p)
      for (std::size_t b = 0; b < blocks; ++b)
        for (std::size_t e = 0; e < size; ++e) sums[b][e] += partial_[(p * blocks + b) * size + e];
    return sums;
  }
  Square gram(const double* z) { return cross(z, 1, z)[0]; }

  // z −= Q·(Qᵀz); returns Qᵀz.
  std::vector<Square> project(double* z, std::size_t blocks) {
    std::vector<Square> found = cross(z, blocks, basis_.data());
    std::vector<Square> minus = found;
    for (Square& square : minus)
      for (double& v : square) v = -v;
    for_parts([&](std::size_t begin, std::size_t rows, unsigned) {
      for (std::size_t b = 0; b < blocks; ++b)
        k_.mix64(block(b) + begin * kWidth, minus[b].data(), rows, z + begin * kWidth);
    });
    return found;
  }

  // Makes block b, which is orthogonal to the blocks before it but for rounding, orthonormal and orthogonal to them.
  // Random vectors take the place of those of which nothing above √floor is left; where the basis already spans
  // everything they stay zero, and are noted as missing.
  void orthonormalize(std::size_t b, double floor) {
    double* const z = block(b);
    for (int attempt = 0; attempt < 3; ++attempt) {
      Square last{};
      for (int pass = 0; pass < 2; ++pass) {  // dividing by a small length brings rounding errors up: hence twice
        if (attempt > 0 || pass > 0) project(z, b);
        last = orthonormalizer(gram(z), pass == 0 ? floor : 0);
        for_parts([&](std::size_t begin, std::size_t rows, unsigned slot) {
          double* const copy = scratch_.data() + slot * kPart * kWidth;
          std::copy_n(z + begin * kWidth, rows * kWidth, copy);
          std::fill_n(z + begin * kWidth, rows * kWidth, 0.0);
          k_.mix64(copy, last.data(), rows, z + begin * kWidth);
        });
      }
      bool all = true;
      for (std::size_t c = 0; c < kWidth; ++c) {
        missing_[b * kWidth + c] = last[c * kWidth + c] == 0;
        all &= last[c * kWidth + c] != 0;
      }
      if (all || attempt == 2) return;
      draw(z, [&](std::size_t c) { return last[c * kWidth + c] == 0; });
      floor = 1e-20 * std::max(1.0, static_cast<double>(n_));
    }
  }

  // Fills the basis. On return image_ is what AᵀA makes of its last block and the basis does not span.
  void expand() {
    while (filled_ < capacity_) {
      multiply(block(filled_));
      const Square whole = gram(image_.data());
      for (std::size_t c = 0; c < kWidth; ++c) largest_ = std::max(largest_, whole[c * kWidth + c]);
      const std::vector<Square> found = project(image_.data(), filled_ + 1);
      for (std::size_t b = 0; b <= filled_; ++b)
        for (std::size_t c = 0; c < kWidth; ++c)
          for (std::size_t d = 0; d < kWidth; ++d) {
            const std::size_t row = b * kWidth + c, col = filled_ * kWidth + d;
            projected_[row * width() + col] = projected_[col * width() + row] = found[b][c * kWidth + d];
          }
      ++filled_;
      if (filled_ < capacity_) append(filled_);
      ++steps_;
      ctx_.progress("truncatedSvd", steps_, steps_ + capacity_ - filled_);
    }
  }

  // Block b of the basis becomes what the last product added.
  void append(std::size_t b) {
    std::copy_n(image_.data(), n_ * kWidth, block(b));
    orthonormalize(b, kNoise * kNoise * largest_);
  }

  // Eigenpairs of AᵀA within the basis.
  void ritz() {
    std::vector<double> small(projected_.begin(), projected_.end());
    double most = 0;
    for (std::size_t c = 0; c < width(); ++c) most = std::max(most, small[c * width() + c]);
    // Vectors that are missing come last.
    for (std::size_t c = 0; c < width(); ++c)
      if (missing_[c]) small[c * width() + c] = most > 0 ? -most : -1.0;
    largest_eigenpairs(ctx_, small.data(), width(), theta_.size(), theta_.data(), mix_.data());
  }

  bool converged() {
    if (width() >= n_) return true;
    const Square rest = gram(image_.data());
    for (std::size_t v = 0; v < count_; ++v) {
      const double* const y = mix_.data() + v * width() + width() - kWidth;
      double square = 0;
      for (std::size_t c = 0; c < kWidth; ++c)
        for (std::size_t d = 0; d < kWidth; ++d) square += y[c] * rest[c * kWidth + d] * y[d];
      if (!(square <= std::pow(std::max(kEnough * theta_[v], kNoise * theta_[0]), 2))) return false;
    }
    return true;
  }

  // The first `blocks` blocks of the basis become the eigenvectors found.
  void rotate(std::size_t blocks) {
    Buffer<double> rotated(blocks * n_ * kWidth);
    for_parts([&](std::size_t begin, std::size_t rows, unsigned) {
      for (std::size_t to = 0; to < blocks; ++to) {
        double* const out = rotated.data() + (to * n_ + begin) * kWidth;
        std::fill_n(out, rows * kWidth, 0.0);
        for (std::size_t b = 0; b < capacity_; ++b) {
          Square mix;
          for (std::size_t c = 0; c < kWidth; ++c)
            for (std::size_t d = 0; d < kWidth; ++d) mix[c * kWidth + d] = mix_[(to * kWidth + d) * width() + b * kWidth + c];
          k_.mix64(block(b) + begin * kWidth, mix.data(), rows, out);
        }
      }
    });
    std::copy_n(rotated.data(), rotated.size(), basis_.data());
  }

  // Keeps the best eigenvectors, and goes on with what the last product added.
  void shrink() {
    rotate(kept_);
    std::fill_n(projected_.data(), projected_.size(), 0.0);
    for (std::size_t v = 0; v < theta_.size(); ++v) projected_[v * width() + v] = theta_[v];
    std::fill(missing_.begin(), missing_.end(), false);
    filled_ = kept_;
    append(filled_);
  }

  // Singular values as lengths of A·v, which are right to more digits than roots of eigenvalues.
  void measure(double* values) {
    for (std::size_t b = 0; b < blocks_of(count_); ++b) {
      multiply_left(block(b));
      Square squares{};
      for (std::size_t begin = 0; begin < matrix_.rows; begin += kPart) {
        ctx_.check();
        Square part;
        k_.cross64(left_.data() + begin * kWidth, left_.data() + begin * kWidth, std::min(kPart, matrix_.rows - begin), part.data());
        for (std::size_t c = 0; c < kWidth; ++c) squares[c] += part[c * kWidth + c];
      }
      for (std::size_t c = 0; c < kWidth && b * kWidth + c < count_; ++c) values[b * kWidth + c] = std::sqrt(squares[c]);
    }
    // Where rounding has put two that are equal out of order.
    for (std::size_t c = 1; c < count_; ++c) values[c] = std::min(values[c], values[c - 1]);
  }

  core::Context& ctx_;
  const simd::Kernels& k_;
  const SparseRows& matrix_;
  const SparseRows& columns_;
  std::size_t n_, count_;
  std::uint64_t seed_;
  std::size_t capacity_, kept_, parts_;
  Buffer<double> basis_, image_, left_, partial_, scratch_;
  Buffer<double> projected_;  // QᵀAᵀAQ, both sides of it [width × width]
  Buffer<double> theta_, mix_;
  std::vector<bool> missing_;
  std::size_t filled_ = 0;
  std::uint64_t steps_ = 0;
  std::uint32_t drawn_ = 0;
  double largest_ = 0;  // squared length of the longest image so far
};

}  // namespace

void right_singular_vectors(core::Context& ctx, const simd::Kernels& k, const SparseRows& matrix, const SparseRows& columns,
                            std::size_t count, std::uint64_t seed, double* values, double* vectors) {
  BlockLanczos(ctx, k, matrix, columns, count, seed).solve(values, vectors);
}

}  // namespace matomari
