#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/buffer.h"
#include "core/context.h"
#include "core/view.h"
#include "simd/kernels.h"

namespace matomari {

// A row that leaves one cluster (or none, −1) for another (or none).
struct Move {
  std::size_t row;
  std::int32_t from, to;
};

// Sums of the rows of each cluster in fixed point (core/fixed_point.h). Integers make addition exact, so that neither
// the order of rows nor the number of threads matters, and so that the sums can follow the rows that move instead of
// being taken anew: late iterations touch few rows.
class CentroidSums {
 public:
  // Row i counts as points[i] · factor[i] (null: 1). `largest` [cols] bounds |value| of each column.
  CentroidSums(const simd::Kernels& k, core::ConstMatrix points, const double* factor, std::size_t clusters,
               const double* largest);

  void apply(core::Context& ctx, const std::vector<Move>& moves);

  // The same a few rows at a time: note() from the threads of one pass, then collect().
  void open(unsigned threads);
  void note(unsigned slot, const std::vector<Move>& moves);
  void collect(core::Context& ctx);

  double sum(std::size_t cluster, std::size_t column) const noexcept {
    return static_cast<double>(sums_[cluster * points_.cols + column]) / scale_[column];
  }

 private:
  const simd::Kernels& k_;
  core::ConstMatrix points_;
  const double* factor_;
  std::size_t clusters_;
  core::Buffer<double> scale_;
  core::Buffer<std::int64_t> sums_;
  // Of each thread: sums of its own where a second-level cache has room for them, else the moves.
  static constexpr std::size_t kNear = std::size_t{512} << 10;
  struct Share {
    core::Buffer<std::int64_t> sums;
    std::vector<Move> moves;
  };
  std::vector<Share> shares_;
};

}  // namespace matomari
