#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/buffer.h"
#include "core/context.h"
#include "hdbscan/edge.h"

namespace matomari::density {

// The lightest edge known that leads from a point out of its component.
struct Offer {
  double weight, core;  // as of Edge
  std::int32_t to = -1;  // a point, or −1: none known
  bool proven = false;   // no other such edge of this point comes before it
};

// What a round of Borůvka's algorithm shows to those who look for edges. Points are numbered as the finder numbers them.
struct Round {
  const std::int32_t* component;  // of each point
  // The weight of the lightest edge found so far that leaves a component: what weighs more need not be looked at.
  // Whoever finds a lighter one lowers it, which spares others work and changes no result.
  std::atomic<double>* bound;
  Offer* offers;  // of each point, in and out
  double* floor;  // of each point: no edge out of its component weighs less; in and out
  std::vector<std::int32_t> asking;  // the points that need an answer, ascending

  void lower(std::int32_t of, double weight) const noexcept {
    std::atomic<double>& shared = bound[of];
    double seen = shared.load(std::memory_order_relaxed);
    while (weight < seen && !shared.compare_exchange_weak(seen, weight, std::memory_order_relaxed)) {
    }
  }

  // Takes what a search for point i found, which dropped only what weighs more than the bound.
  void settle(std::size_t i, Offer found) const noexcept {
    const std::int32_t own = component[i];
    if (found.to >= 0) lower(own, found.weight);
    const double limit = bound[own].load(std::memory_order_relaxed);
    found.proven = found.to >= 0 && found.weight <= limit;
    floor[i] = found.to >= 0 && found.weight < limit ? found.weight : limit;
    offers[i] = found;
  }
};

// Looks for edges: by a k-d tree, or over all pairs.
class EdgeFinder {
 public:
  virtual ~EdgeFinder() = default;
  // The row of a point.
  virtual std::int32_t row(std::size_t point) const noexcept = 0;
  // Settles every point in `asking`.
  virtual void find(core::Context& ctx, const Round& round) = 0;
};

// The minimum spanning tree of n points, n − 1 edges in no particular order, whose `low` and `high` are rows.
// core: [n] squared core distances. Each round joins every component to another by the first of the edges that leave it.
std::vector<Edge> minimum_spanning_tree(core::Context& ctx, EdgeFinder& finder, std::size_t n, const double* core);

}  // namespace matomari::density
