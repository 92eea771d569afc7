#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/buffer.h"
#include "core/context.h"
#include "core/fixed_point.h"
#include "kmeans/lottery.h"
#include "kmeans/prospects.h"
#include "kmeans/seeding.h"
#include "nearest/panels.h"

namespace matomari {

// Greedy k-means++, step by step. A screen, float32 or of low precision, tells which rows a candidate might gain; those are measured
// in float64 (plus_plus_screens.cc).
class PlusPlus {
 public:
  PlusPlus(core::Context& ctx, const simd::Kernels& k, const KMeansData& data, std::size_t clusters, std::uint64_t seed,
           std::uint32_t run);

  std::vector<std::size_t> run();

 private:
  static constexpr std::size_t kBlock = 32;  // rows centred at once; a multiple of every screen's row_tile
  static constexpr std::size_t kGrain = 1024;

  // A row that a candidate would bring nearer to its seed.
  struct Gain {
    std::size_t row;
    double distance;
  };
  // Of each thread and candidate: the rows that would change hands, and by how much the potential would fall.
  using Gains = std::vector<std::vector<std::vector<Gain>>>;
  using Falls = std::vector<std::vector<std::int64_t>>;
  // Pairs of row and candidate that wait to be measured together.
  struct Batch {
    static constexpr std::size_t kMost = 64;
    std::size_t count = 0;
    std::size_t row[kMost], trial[kMost];
  };

  std::size_t leading() const noexcept { return (d_ + 15) / 16 * 16 + 16; }
  void row_value(std::size_t row, double* out) const;
  std::size_t first();
  void weigh();
  std::size_t next(std::size_t step);
  void screen_float(Gains& gains, Falls& fall);
  void screen_low(Gains& gains, Falls& fall);
  void measure(Batch& open, std::vector<std::vector<Gain>>& gains, std::vector<std::int64_t>& fall) const;
  void take(std::size_t row, std::size_t t, double exact, std::vector<std::vector<Gain>>& gains, std::vector<std::int64_t>& fall) const;
  void pack(std::size_t t);
  void consider(std::size_t row, std::size_t t, const Extent& x, double dot, Batch& open, std::vector<std::vector<Gain>>& gains,
                std::vector<std::int64_t>& fall) const;

  core::Context& ctx_;
  const simd::Kernels& k_;
  const KMeansData& data_;
  std::size_t d_, n_, clusters_;
  std::uint64_t seed_;
  std::uint32_t run_;
  ScoreBound bound_;
  core::Buffer<double> closest_;
  Lottery potential_;
  core::FixedSum fixed_{1, 1};
  std::size_t trials_, groups_;
  core::Buffer<double> candidate_;
  core::Buffer<float> packed_;
  std::vector<Extent> extent_;
  std::vector<double> half_;
  std::unique_ptr<SeedScreen> low_;
};

}  // namespace matomari
