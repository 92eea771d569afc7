#pragma once
// Packs vectors for the tensor cores: a warp takes one.
#include "cuda/instructions.h"
#include "cuda/packed.h"
#include "cuda/warp.cuh"

namespace matomari::cuda {

struct PackedVector {
  Extent extent;
  double square;  // of the true length
  int exponent;
};

// Vector i, by all lanes of a warp; zeros from source.rows on.
template <class T>
__device__ PackedVector pack_vector(const PackSource<T>& source, std::size_t i, unsigned lane, std::uint16_t* halves) {
  const std::size_t d = source.d, depth = depth_tiles(d);
  const bool real = i < source.rows;
  const std::size_t row = real && source.ids ? source.ids[i] : i;
  const double factor = real && source.factor ? source.factor[row] : 1.0;
  const T* const x = source.values + (real ? row * d : 0);
  auto value = [&](std::size_t l) {
    return static_cast<double>(x[l]) * factor - (source.shift ? static_cast<double>(source.shift[l]) : 0.0);
  };
  double largest = 0, square = 0, magnitudes = 0;
  for (std::size_t l = lane; real && l < d; l += 32) {
    const double v = value(l), s = source.shift ? static_cast<double>(source.shift[l]) : 0.0;
    largest = fmax(largest, fabs(v));
    square += v * v;
    const double both = fabs(v) + 2 * fabs(s);  // |x · factor| + |shift| is no more
    magnitudes += both * both;
  }
  largest = warp_max(largest);
  square = warp_sum(square);
  magnitudes = warp_sum(magnitudes);
  const int exponent = half_exponent(largest);
  const double up = ldexp(1.0, exponent);
  double residual = 0;
  for (std::size_t piece = lane; piece < depth * (kTileDepth / 8); piece += 32) {
    std::uint32_t pairs[4] = {0, 0, 0, 0};
    for (std::size_t c = 0; c < 8; ++c) {
      const std::size_t l = piece * 8 + c;
      if (!real || l >= d) break;
      const double v = value(l) * up;
      const std::uint16_t h = to_half(static_cast<float>(v));
      const double lost = v - static_cast<double>(from_half(h));
      residual += lost * lost;
      pairs[c / 2] |= static_cast<std::uint32_t>(h) << (c % 2 * 16);
    }
    *reinterpret_cast<uint4*>(halves + piece_at(i, piece, depth)) = uint4{pairs[0], pairs[1], pairs[2], pairs[3]};
  }
  residual = warp_sum(residual);
  PackedVector out;
  // Sums of squares in float64, in an order of their own: a billionth is far more than they can be off. The values
  // themselves carry a few roundings of float64, of which the factor's is the largest.
  out.square = square;
  out.extent.norm = sqrt(square) * (1 + 1e-9) + 1e-150;
  out.extent.error = sqrt(residual) * (1 + 1e-9) / up + sqrt(magnitudes) * 0x1p-49 + 1e-150;
  out.exponent = exponent;
  return out;
}

// Rows to be looked up. limits: null, or the limit that belongs to row i (not to ids[i]), to be met by a low score.
__global__ void pack_rows_kernel(PackSource<float> source, ScreenBound bound, const double* limits, std::uint16_t* halves, RowFacts* facts,
                          Extent* extents) {
  const unsigned lane = threadIdx.x % 32;
  const std::size_t i = std::size_t{blockIdx.x} * (blockDim.x / 32) + threadIdx.x / 32;
  if (i >= source.padded) return;
  const PackedVector v = pack_vector(source, i, lane, halves);
  if (lane != 0) return;
  extents[i] = v.extent;
  RowFacts f;
  f.scale = -static_cast<float>(ldexp(1.0, -v.exponent));
  f.error = -at_least(v.extent.error);
  f.length = -at_least(ScreenBound::length(v.extent));
  f.limit = limits && i < source.rows ? at_least(limits[i] + bound.of_row(v.extent)) : -kNever;
  facts[i] = f;
}

// Targets. `offsets` tells whether half their squares belong to the score.
template <class T>
__global__ void pack_targets_kernel(PackSource<T> source, ScreenBound bound, bool offsets, std::uint16_t* halves, TargetFacts* facts,
                             Extent* extents, double* half_squares, Widest* widest) {
  const unsigned lane = threadIdx.x % 32;
  const std::size_t j = std::size_t{blockIdx.x} * (blockDim.x / 32) + threadIdx.x / 32;
  if (j >= source.padded) return;
  const PackedVector v = pack_vector(source, j, lane, halves);
  if (lane != 0) return;
  if (j >= source.rows) {
    facts[j] = TargetFacts{kNever, 0, 0, 0};
    return;
  }
  // Cosine is screened as ½‖x − c‖² of unit vectors, ½ + ½ − cos; a zero vector lacks the half of its length.
  const double half = (offsets ? v.square / 2 : 0.0) + (source.factor && source.factor[j] == 0 ? 0.5 : 0.0);
  extents[j] = v.extent;
  half_squares[j] = half;
  const double least = half - bound.of_column(v.extent, half);
  facts[j] = TargetFacts{half < 1e37 ? at_most(least) : kNever, static_cast<float>(ldexp(1.0, -v.exponent)),
                         at_least(v.extent.norm), at_least(bound.error(v.extent))};
  auto bits = [](double x) { return static_cast<unsigned long long>(__double_as_longlong(x)); };
  atomicMax(&widest->norm, bits(v.extent.norm));
  atomicMax(&widest->error, bits(v.extent.error));
  atomicMax(&widest->highest, bits(half));
}

}  // namespace matomari::cuda
