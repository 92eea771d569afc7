#include "hdbscan/tree_edges.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "core/parallel.h"

namespace matomari::density {

TreeEdges::TreeEdges(core::Context& ctx, const KdTree& tree, const Space& space, const double* core)
    : tree_(tree), space_(space), core_(core), summary_(tree.nodes()) {
  for (std::size_t v = tree.nodes(); v-- > 0;) {
    if (v % 65536 == 0) ctx.check();
    Summary& s = summary_[v];
    if (v >= tree.first_leaf()) {
      s = {std::numeric_limits<double>::infinity(), std::numeric_limits<std::int32_t>::max(), -1};
      for (std::size_t p = tree.begin(v); p < tree.end(v); ++p) {
        s.least_core = std::min(s.least_core, core[p]);
        s.least_row = std::min(s.least_row, tree.row(p));
      }
    } else {
      const Summary &a = summary_[2 * v + 1], &b = summary_[2 * v + 2];
      s = {std::min(a.least_core, b.least_core), std::min(a.least_row, b.least_row), -1};
    }
  }
}

void TreeEdges::mark(core::Context& ctx, const std::int32_t* component) {
  for (std::size_t v = tree_.nodes(); v-- > 0;) {
    if (v % 65536 == 0) ctx.check();
    std::int32_t& own = summary_[v].component;
    if (v >= tree_.first_leaf()) {
      own = component[tree_.begin(v)];
      for (std::size_t p = tree_.begin(v) + 1; p < tree_.end(v); ++p)
        if (component[p] != own) own = -1;
    } else {
      const std::int32_t a = summary_[2 * v + 1].component, b = summary_[2 * v + 2].component;
      own = a == b ? a : -1;
    }
  }
}

void TreeEdges::find(core::Context& ctx, const Round& round) {
  mark(ctx, round.component);
  core::parallel_for(ctx, round.asking.size(), 256, [&](std::size_t from, std::size_t to, unsigned) {
    std::vector<double> x(tree_.dims());
    for (std::size_t a = from; a < to; ++a) {
      if (a % 16 == 0) ctx.check();
      const auto slot = static_cast<std::size_t>(round.asking[a]);
      if (round.floor[slot] > round.bound[round.component[slot]].load(std::memory_order_relaxed)) continue;
      round.settle(slot, search(slot, round, x.data()));
    }
  });
}

Offer TreeEdges::search(std::size_t slot, const Round& round, double* x) const noexcept {
  const std::int32_t own = round.component[slot];
  const double core = core_[slot];
  const std::atomic<double>& bound = round.bound[own];
  constexpr double kNone = std::numeric_limits<double>::infinity();
  Offer best{kNone, kNone};
  std::int32_t best_row = std::numeric_limits<std::int32_t>::max();
  double squared[KdTree::kLeaf];
  const std::size_t leaf = tree_.leaf_of(slot);
  tree_.coordinates(leaf, slot, x);
  tree_.search_from(
      leaf, x,
      [&](std::size_t v, double least) {
        const Summary& s = summary_[v];
        if (s.component == own) return true;
        const double weight = std::max({core, s.least_core, space_.scaled(least)});
        if (weight > bound.load(std::memory_order_relaxed) || weight > best.weight) return true;
        if (weight < best.weight) return false;
        const double lesser = std::min(core, s.least_core);
        return lesser > best.core || (lesser == best.core && s.least_row > best_row);
      },
      [&](std::size_t v) {
        if (summary_[v].component == own) return;
        tree_.squared(v, x, squared);
        const std::size_t begin = tree_.begin(v), count = tree_.end(v) - begin;
        for (std::size_t c = 0; c < count; ++c) {
          const std::size_t other = begin + c;
          const double weight = std::max({core, core_[other], space_.scaled(squared[c])});
          if (weight > best.weight || round.component[other] == own) continue;
          const double lesser = std::min(core, core_[other]);
          const std::int32_t row = tree_.row(other);
          if (weight == best.weight && (lesser > best.core || (lesser == best.core && row > best_row))) continue;
          best = {weight, lesser, static_cast<std::int32_t>(other)};
          best_row = row;
        }
      });
  return best;
}

}  // namespace matomari::density
