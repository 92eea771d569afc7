#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/buffer.h"
#include "core/context.h"
#include "core/exact_sum.h"
#include "core/view.h"
#include "nearest/panels.h"

namespace matomari {

// Finds the nearest of k centroids for many rows: a float32 screen with the argmin kept in registers, and where its
// margin does not exceed the error bound, float64 over the centroids that could still win. Ties go to the lowest index.
//
// With float64 centroids (inside a fit) the label is the argmin of the float64 values in index order. With float32
// centroids it is the argmin in real arithmetic for the euclidean metrics and `dot`: where float64 cannot tell two
// centroids apart, exact sums decide. For cosine, centroids are brought to length 1 in float64 first.
class CentroidSearch {
 public:
  // `shift`: any float32 vector [d] near the mean of the data; null for none. It changes speed, never a label.
  CentroidSearch(const simd::Kernels& k, Metric metric, std::size_t clusters, std::size_t d, const float* shift);

  // Sets the centroids. For cosine none may be zero. Kept by pointer: they must outlive the search.
  void set(core::Context& ctx, const double* centroids);
  void set(core::Context& ctx, core::ConstMatrix centroids);

  // What one thread needs.
  class Scratch {
   public:
    explicit Scratch(const CentroidSearch& search);

   private:
    friend class CentroidSearch;
    core::Buffer<float> rows, best, second, stored;
    core::Buffer<std::int32_t> index;
    std::vector<Extent> extent;
    struct Pending {
      std::size_t row;
      double limit;  // no centroid whose score is above it for certain can win
    };
    std::vector<Pending> pending;
    std::vector<std::vector<std::int32_t>> candidates;
    core::ExactSum exact;
  };

  // labels[i] for i in [begin, end); `inverse_norm` [points.rows] is 1/‖x‖, for cosine only. Returns how many rows the
  // screen could not decide.
  std::size_t assign(const core::Context& ctx, core::ConstMatrix points, const double* inverse_norm, std::size_t begin,
                     std::size_t end, std::int32_t* labels, Scratch& scratch) const;

 private:
  static constexpr std::size_t kBlock = 96;    // rows screened at once: a multiple of every row_tile
  static constexpr std::size_t kRecheck = 48;  // rows rechecked at once

  void refill(core::Context& ctx);
  Extent pack(core::ConstMatrix points, const double* inverse_norm, std::size_t row, float* out) const;
  void recheck(const core::Context& ctx, core::ConstMatrix points, const double* inverse_norm, std::int32_t* labels,
               Scratch& scratch) const;
  std::int32_t decide(const float* x, const std::vector<std::int32_t>& candidates, core::ExactSum& exact) const;
  std::size_t leading(std::size_t d) const noexcept { return d + 16; }  // avoids rows 4 KiB apart

  const simd::Kernels& k_;
  Metric metric_;
  std::size_t clusters_, d_;
  core::Buffer<float> shift_;
  ScoreBound bound_;
  Panels panels_;
  std::size_t panel_count_;
  core::Buffer<double> wide_;            // centroids in float64: copied from float32, or brought to length 1
  const double* centroids_ = nullptr;    // [k × d]
  const float* exact_centroids_ = nullptr;  // the float32 centroids, where labels are to be exact
  Extent widest_;
  double highest_ = 0;
};

}  // namespace matomari
