#pragma once
#include <cstddef>
#include <cstdint>

#include "core/buffer.h"
#include "core/context.h"
#include "nearest/screen_panels.h"

// Vectors in two layers of int8: what the first, which a screen multiplies, has left over is rounded to int8 once more, in steps
// of 1/256 of the first's. Both together lie within 1/30,000 of the largest number of a vector, and the products of a pair are
// whole numbers.
namespace matomari {

// The second layers of rows whose first ones are packed. Twice the memory of those.
class RowLayers {
 public:
  // `as_words`: for Few, which takes both layers for one number of 16 bits at most.
  RowLayers(std::size_t rows, std::size_t d, bool as_words);

  // To be called with every row (PackedRows::Visit).
  void pack(const PackedRows& first, std::size_t row, const float* x, const Extent& extent) noexcept;

  const std::uint32_t* second(std::size_t row) const noexcept { return groups_.data() + row * ld_; }
  // How far both layers, or the words, may lie from the row; infinite where it is out of the ordinary (pack_row).
  double error(std::size_t row) const noexcept { return static_cast<double>(rows_[row].error); }
  simd::LayeredRows view(const PackedRows& first) const noexcept;

 private:
  std::size_t d_, ld_;  // not a multiple of 512 bytes: the same columns of many rows must not fall into a few lines of the cache
  bool as_words_;
  core::Buffer<std::uint32_t> groups_;
  core::Buffer<simd::LayeredRow> rows_;
};

// Both layers of centroids.
class CentroidLayers {
 public:
  CentroidLayers(const simd::ScreenKernels& screen, Metric metric, std::size_t clusters, std::size_t d);

  // centroids, shift: as CentroidSearch has them.
  void set(core::Context& ctx, const double* centroids, const float* shift);

  // A row in both layers.
  struct Row {
    const std::uint32_t *first, *second;
    float scale;    // of the first
    Extent extent;  // with the error of both layers
  };
  // Between what numbers the true score of a centroid for a row lies; NaN or infinite where nothing is known.
  struct Interval {
    double low, high;
  };
  Interval score(const Row& x, std::size_t j) const noexcept;

 private:
  struct Centroid {
    float scale;  // of the first
    std::int32_t start[2];
    double half;
    Extent extent;
  };
  const simd::ScreenKernels& k_;
  ScreenBound bound_;
  std::size_t clusters_, d_, depth_;
  core::Buffer<std::uint32_t> groups_;  // [clusters × 2 × depth]
  core::Buffer<Centroid> centroids_;
};

}  // namespace matomari
