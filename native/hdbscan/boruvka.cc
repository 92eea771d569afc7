#include "hdbscan/boruvka.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <numeric>

#include "hdbscan/union_find.h"

namespace matomari::density {

std::vector<Edge> minimum_spanning_tree(core::Context& ctx, EdgeFinder& finder, std::size_t n, const double* core) {
  constexpr double kNone = std::numeric_limits<double>::infinity();
  std::vector<Edge> tree;
  tree.reserve(n - 1);
  core::Buffer<std::int32_t> component(n);
  std::iota(component.begin(), component.end(), 0);
  std::vector<Offer> offers(n);
  core::Buffer<double> floor(n);
  std::copy_n(core, n, floor.data());
  const std::unique_ptr<std::atomic<double>[]> bound(new std::atomic<double>[n]);
  UnionFind joined(n);
  std::vector<Edge> first(n);
  std::vector<std::int32_t> renumbered(n);

  for (std::size_t components = n; components > 1;) {
    ctx.progress("spanning tree", n - components, n - 1);
    for (std::size_t c = 0; c < components; ++c) bound[c].store(kNone, std::memory_order_relaxed);
    Round round{component.data(), bound.get(), offers.data(), floor.data(), {}};
    // An edge found earlier is still a point's first as long as it leads out; only the others need to be asked, and of
    // these only those that could still better their component's.
    for (std::size_t i = 0; i < n; ++i) {
      Offer& offer = offers[i];
      if (offer.to >= 0 && offer.proven && component[offer.to] != component[i])
        round.lower(component[i], offer.weight);
      else
        offer.to = -1;
    }
    for (std::size_t i = 0; i < n; ++i)
      if (offers[i].to < 0 && floor[i] <= bound[component[i]].load(std::memory_order_relaxed))
        round.asking.push_back(static_cast<std::int32_t>(i));
    ctx.check();
    finder.find(ctx, round);

    std::fill_n(first.begin(), components, Edge{kNone, kNone, 0, 0});
    for (std::size_t i = 0; i < n; ++i) {
      const Offer& offer = offers[i];
      if (offer.to < 0 || offer.weight > first[component[i]].weight) continue;
      const std::int32_t a = finder.row(i), b = finder.row(static_cast<std::size_t>(offer.to));
      const Edge edge{offer.weight, offer.core, std::min(a, b), std::max(a, b)};
      if (before(edge, first[component[i]])) first[component[i]] = edge;
    }
    // Rows, not points, are what the edges name: the sets are of rows.
    for (std::size_t c = 0; c < components; ++c) {
      const std::int32_t a = joined.find(first[c].low), b = joined.find(first[c].high);
      if (a == b) continue;  // chosen from the other side too
      joined.join(a, b);
      tree.push_back(first[c]);
    }
    std::fill(renumbered.begin(), renumbered.end(), -1);
    std::int32_t next = 0;
    for (std::size_t i = 0; i < n; ++i) {
      std::int32_t& number = renumbered[joined.find(finder.row(i))];
      if (number < 0) number = next++;
      component[i] = number;
    }
    components = static_cast<std::size_t>(next);
  }
  ctx.progress("spanning tree", n - 1, n - 1);
  return tree;
}

}  // namespace matomari::density
