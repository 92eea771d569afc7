#include "truncated_svd/block_basis.h"

#include <algorithm>
#include <cmath>

#include "core/parallel.h"
#include "core/philox.h"

namespace matomari {

using core::Buffer;

namespace {

constexpr std::size_t kWidth = BlockBasis::kWidth;
using Square = BlockBasis::Square;

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

}  // namespace

BlockBasis::BlockBasis(core::Context& ctx, const simd::Kernels& k, std::size_t n, std::size_t capacity, std::uint64_t seed)
    : ctx_(ctx), k_(k), n_(n), capacity_(capacity), seed_(seed), parts_((n + kPart - 1) / kPart), basis_(capacity * n * kWidth),
      partial_(parts_ * capacity * kWidth * kWidth), scratch_(ctx.threads() * kPart * kWidth), missing_(capacity * kWidth, false) {}

void BlockBasis::begin() {
  draw(block(0), [](std::size_t) { return true; });
  orthonormalize(0, 0);
}

void BlockBasis::set(std::size_t b, const double* z, double floor) {
  std::copy_n(z, n_ * kWidth, block(b));
  orthonormalize(b, floor);
}

template <class Body>
void BlockBasis::for_parts(Body&& body) {
  core::parallel_for(ctx_, n_, kPart, [&](std::size_t begin, std::size_t end, unsigned slot) { body(begin, end - begin, slot); });
}

template <class Wanted>
void BlockBasis::draw(double* z, Wanted&& wanted) {
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

// Qᵀz for the first `blocks` blocks of the basis, as `blocks` squares.
std::vector<BlockBasis::Square> BlockBasis::cross(const double* z, std::size_t blocks, const double* basis) {
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

std::vector<BlockBasis::Square> BlockBasis::project(double* z, std::size_t blocks) {
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
void BlockBasis::orthonormalize(std::size_t b, double floor) {
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

void BlockBasis::rotate(std::size_t blocks, const double* mix) {
  const std::size_t width = capacity_ * kWidth;
  Buffer<double> rotated(blocks * n_ * kWidth);
  for_parts([&](std::size_t begin, std::size_t rows, unsigned) {
    for (std::size_t to = 0; to < blocks; ++to) {
      double* const out = rotated.data() + (to * n_ + begin) * kWidth;
      std::fill_n(out, rows * kWidth, 0.0);
      for (std::size_t b = 0; b < capacity_; ++b) {
        Square part;
        for (std::size_t c = 0; c < kWidth; ++c)
          for (std::size_t d = 0; d < kWidth; ++d) part[c * kWidth + d] = mix[(to * kWidth + d) * width + b * kWidth + c];
        k_.mix64(block(b) + begin * kWidth, part.data(), rows, out);
      }
    }
  });
  std::copy_n(rotated.data(), rotated.size(), basis_.data());
  std::fill(missing_.begin(), missing_.end(), false);
}

}  // namespace matomari
