#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/buffer.h"
#include "core/context.h"
#include "core/exact_sum.h"
#include "core/view.h"
#include "nearest/nearby.h"
#include "nearest/panels.h"
#include "nearest/product_bound.h"
#include "simd/kernels.h"

namespace matomari {

// The points among which neighbours are sought, and what every screen needs of them.
struct NearPoints {
  NearPoints(core::Context& ctx, core::ConstMatrix points, Metric metric);

  // Point j as a target, c · scale − shift; returns what is to be added to its offset.
  double target(std::size_t j, double* out) const noexcept;
  const float* row(std::size_t j) const noexcept { return matrix.row(j); }

  core::ConstMatrix matrix;
  Metric metric;
  core::Buffer<double> squares;  // ‖c‖²
  core::Buffer<double> scale;    // 1/‖c‖, 0 where there is no direction; cosine only
  core::Buffer<float> shift;     // near the mean
};

// The nearest points so far of a group of queries, from intervals in which a screen's scores lie.
class NearLists {
 public:
  // indices, distances: [queries × count].
  NearLists(core::Context& ctx, const simd::Kernels& k, const NearPoints& points, core::ConstMatrix queries, std::size_t count,
            std::int32_t* indices, float* distances);

  // Opens empty lists for the queries from `first` on, then tell(i) how far from the shift the i-th of them lies,
  // and how far centring may have taken it from where it truly is.
  void open(std::size_t first, std::size_t rows);
  void tell(std::size_t i, const Extent& extent, double error) noexcept;

  core::ConstMatrix queries() const noexcept { return queries_; }
  const Extent& extent(std::size_t i) const noexcept { return open_[i].extent; }
  // 1/‖query‖, which for cosine scales the rows. [queries], written by `open`.
  const double* scale() const noexcept { return scale_.data(); }
  // No score above this can be of a point that is among the nearest.
  double limit(std::size_t i) const noexcept { return (open_[i].nearby.limit() - open_[i].base_low) / factor_; }

  // Takes a point into list i if it may be near; its true score lies between low and high. True when the limit has come down.
  bool take(std::size_t i, std::size_t point, double low, double high, core::ExactSum& exact);
  // How many points of list i have been looked at once more, in float32 or float64.
  std::size_t looked_at(std::size_t i) const noexcept { return open_[i].narrowed + open_[i].measured; }
  // Measures what is left, and writes the neighbours of all open queries.
  void answer();
  // The share of all queries for which more than `count` points were measured.
  double crowded_share() const noexcept;

 private:
  struct Query {
    std::size_t row, narrowed, measured;
    double square;  // ‖query‖²
    Extent extent;
    double base_low, base_high;  // distance = factor · score + base, of which rounding leaves an interval
    Nearby nearby;
  };
  void narrow(Query& query, std::vector<Scored>& list) const;
  void measure(Query& query, std::vector<Scored>& list) const;
  void write(Query& query, core::ExactSum& exact);

  core::Context& ctx_;
  const simd::Kernels& k_;
  const NearPoints& points_;
  core::ConstMatrix queries_;
  std::size_t count_;
  std::int32_t* indices_;
  float* distances_;
  double factor_;
  ProductBound bound_;
  core::Buffer<double> scale_;
  std::vector<Query> open_;
  std::atomic<std::size_t> crowded_{0};
};

}  // namespace matomari
