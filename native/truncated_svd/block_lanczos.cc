#include "truncated_svd/block_lanczos.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/buffer.h"
#include "core/parallel.h"
#include "pca/eigen.h"
#include "truncated_svd/block_basis.h"

namespace matomari {

using core::Buffer;
using core::SparseRows;

namespace {

constexpr std::size_t kWidth = BlockBasis::kWidth, kPart = BlockBasis::kPart;
constexpr std::size_t kGuard = 8;  // vectors beyond those wanted that a restart keeps
constexpr double kEnough = 1e-6;   // residual against the eigenvalue
constexpr double kNoise = 1e-13;   // of the largest eigenvalue: what rounding leaves of a residual
constexpr int kRestarts = 300;

using Square = BlockBasis::Square;

std::size_t blocks_of(std::size_t vectors) noexcept { return (vectors + kWidth - 1) / kWidth; }

class BlockLanczos {
 public:
  BlockLanczos(core::Context& ctx, const simd::Kernels& k, const SparseRows& matrix, const SparseRows& columns,
               std::size_t count, std::uint64_t seed)
      : ctx_(ctx), k_(k), matrix_(matrix), columns_(columns), n_(matrix.cols), count_(count),
        capacity_(blocks_of(std::min(n_, std::max(2 * count, count + 64)))), kept_(std::min(capacity_, blocks_of(count + kGuard))),
        basis_(ctx, k, n_, capacity_, seed), image_(n_ * kWidth), left_(matrix.rows * kWidth),
        projected_(capacity_ * kWidth * capacity_ * kWidth, 0.0), theta_(kept_ * kWidth),
        mix_(kept_ * kWidth * capacity_ * kWidth) {}

  void solve(double* values, double* vectors) {
    basis_.begin();
    for (int restart = 0;; ++restart) {
      expand();
      ritz();
      if (converged() || restart == kRestarts) break;
      shrink();
    }
    basis_.rotate(kept_, mix_.data());
    for (std::size_t c = 0; c < count_; ++c) {
      values[c] = theta_[c];
      for (std::size_t i = 0; i < n_; ++i) vectors[c * n_ + i] = basis_.block(c / kWidth)[i * kWidth + c % kWidth];
    }
    measure(values);
  }

 private:
  std::size_t width() const noexcept { return capacity_ * kWidth; }

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

  // Fills the basis. On return image_ is what AᵀA makes of its last block and the basis does not span.
  void expand() {
    while (filled_ < capacity_) {
      multiply(basis_.block(filled_));
      const Square whole = basis_.gram(image_.data());
      for (std::size_t c = 0; c < kWidth; ++c) largest_ = std::max(largest_, whole[c * kWidth + c]);
      const std::vector<Square> found = basis_.project(image_.data(), filled_ + 1);
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
    basis_.set(b, image_.data(), kNoise * kNoise * largest_);
  }

  // Eigenpairs of AᵀA within the basis.
  void ritz() {
    std::vector<double> small(projected_.begin(), projected_.end());
    double most = 0;
    for (std::size_t c = 0; c < width(); ++c) most = std::max(most, small[c * width() + c]);
    // Vectors that are missing come last.
    for (std::size_t c = 0; c < width(); ++c)
      if (basis_.missing(c)) small[c * width() + c] = most > 0 ? -most : -1.0;
    largest_eigenpairs(ctx_, small.data(), width(), theta_.size(), theta_.data(), mix_.data());
  }

  bool converged() {
    if (width() >= n_) return true;
    const Square rest = basis_.gram(image_.data());
    for (std::size_t v = 0; v < count_; ++v) {
      const double* const y = mix_.data() + v * width() + width() - kWidth;
      double square = 0;
      for (std::size_t c = 0; c < kWidth; ++c)
        for (std::size_t d = 0; d < kWidth; ++d) square += y[c] * rest[c * kWidth + d] * y[d];
      if (!(square <= std::pow(std::max(kEnough * theta_[v], kNoise * theta_[0]), 2))) return false;
    }
    return true;
  }

  // Keeps the best eigenvectors, and goes on with what the last product added.
  void shrink() {
    basis_.rotate(kept_, mix_.data());
    std::fill_n(projected_.data(), projected_.size(), 0.0);
    for (std::size_t v = 0; v < theta_.size(); ++v) projected_[v * width() + v] = theta_[v];
    filled_ = kept_;
    append(filled_);
  }

  // Singular values as lengths of A·v, which are right to more digits than roots of eigenvalues.
  void measure(double* values) {
    for (std::size_t b = 0; b < blocks_of(count_); ++b) {
      multiply_left(basis_.block(b));
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
  std::size_t capacity_, kept_;
  BlockBasis basis_;
  Buffer<double> image_, left_;
  Buffer<double> projected_;  // QᵀAᵀAQ, both sides of it [width × width]
  Buffer<double> theta_, mix_;
  std::size_t filled_ = 0;
  std::uint64_t steps_ = 0;
  double largest_ = 0;  // squared length of the longest image so far
};

}  // namespace

void right_singular_vectors(core::Context& ctx, const simd::Kernels& k, const SparseRows& matrix, const SparseRows& columns,
                            std::size_t count, std::uint64_t seed, double* values, double* vectors) {
  BlockLanczos(ctx, k, matrix, columns, count, seed).solve(values, vectors);
}

}  // namespace matomari
