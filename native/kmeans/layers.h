#pragma once
#include <cstddef>
#include <cstdint>

#include "core/buffer.h"
#include "core/context.h"
#include "nearest/screen_panels.h"

// Vectors in two layers of int8: what the first, which a screen multiplies, has left over is rounded to int8 once more, in steps
// of 1/254 of the first's. Both together lie within 1/30,000 of the largest number of a vector, and the products of a pair are
// whole numbers.
namespace matomari {

// The second layers of rows whose first ones are packed. Twice the memory of those.
class RowLayers {
 public:
  RowLayers(core::Context& ctx, const simd::Kernels& k, const RowSource& rows, const PackedRows& first);

  const std::uint32_t* second(std::size_t row) const noexcept { return groups_.data() + row * depth_; }
  // `error` is infinite where the row is out of the ordinary (pack_row).
  const simd::LayeredRow& operator[](std::size_t row) const noexcept { return rows_[row]; }
  simd::LayeredRows view(const PackedRows& first) const noexcept {
    const simd::ScreenRows all = first.from(0);
    return {all.groups, all.ld, groups_.data(), depth_, rows_.data()};
  }

 private:
  std::size_t depth_;
  core::Buffer<std::uint32_t> groups_;
  core::Buffer<simd::LayeredRow> rows_;
};

// What belongs to a centroid in two layers, less a shift.
struct LayeredCentroid {
  float scale;
  std::int32_t start[2];  // of each layer
  double half;            // half its square
  Extent extent;          // with the error of both layers
  double rest;            // the length of its second layer at most
};

// Packs both layers. `work` [d] is overwritten.
LayeredCentroid pack_centroid(const simd::ScreenKernels& k, const double* centroid, const float* shift, std::size_t d, float* work,
                              std::uint32_t* first, std::uint32_t* second) noexcept;

// Both layers of centroids, to be scored one by one.
class CentroidLayers {
 public:
  CentroidLayers(const simd::ScreenKernels& screen, Metric metric, std::size_t clusters, std::size_t d);

  // centroids, shift: as CentroidSearch has them.
  void set(core::Context& ctx, const double* centroids, const float* shift);

  // A row in both layers.
  struct Row {
    const std::uint32_t *first, *second;
    double scale;
    Extent extent;  // with the error of both layers
  };
  // Between what numbers the true score of a centroid for a row lies; NaN or infinite where nothing is known.
  struct Interval {
    double low, high;
  };
  Interval score(const Row& x, std::size_t j) const noexcept;

 private:
  const simd::ScreenKernels& k_;
  ScreenBound bound_;
  std::size_t clusters_, d_, depth_;
  core::Buffer<std::uint32_t> groups_;  // [clusters × 2 × depth]
  core::Buffer<LayeredCentroid> centroids_;
};

}  // namespace matomari
