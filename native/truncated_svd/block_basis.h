#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/buffer.h"
#include "core/context.h"
#include "simd/kernels.h"

namespace matomari {

// Orthonormal vectors of length n in blocks of eight, as the kernels take them: block b is [n × kWidth]. Sums are taken in parts of
// kPart rows and in one order, so that the bits do not depend on the threads.
class BlockBasis {
 public:
  static constexpr std::size_t kWidth = 8;
  static constexpr std::size_t kPart = 1024;
  using Square = std::array<double, kWidth * kWidth>;

  BlockBasis(core::Context& ctx, const simd::Kernels& k, std::size_t n, std::size_t capacity, std::uint64_t seed);

  double* block(std::size_t b) const noexcept { return basis_.data() + b * n_ * kWidth; }
  // Whether vector v is zero, since the vectors before it span everything.
  bool missing(std::size_t v) const noexcept { return missing_[v]; }

  // Block 0 becomes random.
  void begin();
  // Block b becomes what z [n × kWidth] adds to the blocks before it, to which it is orthogonal but for rounding. Vectors no longer
  // than √floor are random instead.
  void set(std::size_t b, const double* z, double floor);
  // Makes z orthogonal to the first `blocks` blocks: z −= Q·(Qᵀz). Returns Qᵀz, a square a block.
  std::vector<Square> project(double* z, std::size_t blocks);
  // The first `blocks` blocks become mixtures of all: vector v is that of mix [v × vectors of all]. None of all is missing afterwards.
  void rotate(std::size_t blocks, const double* mix);

  // zᵀz.
  Square gram(const double* z) { return cross(z, 1, z)[0]; }

 private:
  template <class Body>
  void for_parts(Body&& body);
  template <class Wanted>
  void draw(double* z, Wanted&& wanted);
  std::vector<Square> cross(const double* z, std::size_t blocks, const double* basis);
  void orthonormalize(std::size_t b, double floor);

  core::Context& ctx_;
  const simd::Kernels& k_;
  std::size_t n_, capacity_;
  std::uint64_t seed_;
  std::size_t parts_;
  core::Buffer<double> basis_, partial_, scratch_;
  std::vector<bool> missing_;
  std::uint32_t drawn_ = 0;
};

}  // namespace matomari
