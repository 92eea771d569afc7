#pragma once
#include <vector>

#include "core/buffer.h"
#include "hdbscan/boruvka.h"
#include "hdbscan/core_distances.h"
#include "hdbscan/space.h"
#include "nearest/panels.h"
#include "simd/kernels.h"

namespace matomari::density {

// Finds edges of the mutual reachability graph over all pairs, where there are too many dimensions for a tree. A float32
// screen with a bound on its error (nearest/panels.h) drops the pairs that are proven too far apart; the rest are
// weighed in float64. Points are numbered by row. What the nearest neighbours can answer is not searched for.
class DenseEdges : public EdgeFinder {
 public:
  // core: [points] squared core distances; borrowed, as are the neighbours.
  DenseEdges(core::Context& ctx, const simd::Kernels& k, const Space& space, const Neighbours& neighbours,
             const double* core);
  std::int32_t row(std::size_t point) const noexcept override { return static_cast<std::int32_t>(point); }
  void find(core::Context& ctx, const Round& round) override;

 private:
  static constexpr std::size_t kGroup = 8192;  // points that ask at once
  static constexpr std::size_t kPart = 4096;   // points packed at once
  static constexpr std::size_t kBlock = 96;    // points a thread takes at once

  // A point that asks, and the best it has been offered.
  struct Query {
    std::size_t point;
    Offer best;
    Extent extent;
    double square;  // of the shifted point
  };

  std::size_t leading() const noexcept { return d_ + 16; }
  Offer among_neighbours(std::size_t i, const Round& round, bool& enough) const noexcept;
  void weigh(std::size_t i, std::int32_t j, double squared, Offer& best) const noexcept;
  void pack(core::Context& ctx, Query& query, float* out) const;
  void screen(core::Context& ctx, const Round& round, std::size_t first, std::size_t points);
  void take(Query& query, const Round& round, const float* scores, std::size_t p, std::size_t columns,
            std::size_t first) const noexcept;

  const simd::Kernels& k_;
  const Space& space_;
  const Neighbours& neighbours_;
  const double* core_;
  std::size_t n_, d_;
  ScoreBound bound_;
  core::Buffer<float> shift_;
  Panels panels_;
  core::Buffer<float> packed_, scores_;
  std::vector<Query> queries_;
};

}  // namespace matomari::density
