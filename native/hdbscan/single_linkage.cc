#include "hdbscan/single_linkage.h"

#include <algorithm>
#include <numeric>

#include "core/sort.h"
#include "hdbscan/union_find.h"

namespace matomari::density {

namespace {

// Puts edges of one weight in the order in which they join sets: see single_linkage.h.
class TiedEdges {
 public:
  TiedEdges(core::Context& ctx, const Space& space, UnionFind& sets) : ctx_(ctx), space_(space), sets_(sets) {}

  void order(Edge* begin, Edge* end) {
    if (end - begin < 2) return;
    keyed_.clear();
    for (const Edge* e = begin; e != end; ++e) {
      if (keyed_.size() % 65536 == 65535) ctx_.check();
      const std::int32_t larger = std::max(sets_.size(sets_.find(e->low)), sets_.size(sets_.find(e->high)));
      keyed_.push_back({larger, space_.squared(static_cast<std::size_t>(e->low), static_cast<std::size_t>(e->high)), *e});
    }
    core::sort_in_pieces(ctx_, keyed_, [](const Keyed& a, const Keyed& b) {
      if (a.size != b.size) return a.size > b.size;
      return a.squared != b.squared ? a.squared < b.squared : before(a.edge, b.edge);
    });
    std::transform(keyed_.begin(), keyed_.end(), begin, [](const Keyed& k) { return k.edge; });
  }

 private:
  struct Keyed {
    std::int32_t size;
    double squared;
    Edge edge;
  };
  core::Context& ctx_;
  const Space& space_;
  UnionFind& sets_;
  std::vector<Keyed> keyed_;
};

}  // namespace

void single_linkage(core::Context& ctx, const Space& space, std::vector<Edge> tree, SingleLinkage out) {
  core::sort_in_pieces(ctx, tree, before);
  const std::size_t n = tree.size() + 1;
  UnionFind sets(n);
  core::Buffer<std::int32_t> cluster(n);  // which a set is now, by its root
  std::iota(cluster.begin(), cluster.end(), 0);
  TiedEdges tied(ctx, space, sets);
  std::size_t ordered = 0;
  for (std::size_t s = 0; s < tree.size(); ++s) {
    if (s % 65536 == 0) {
      ctx.check();
      ctx.progress("single linkage", s, tree.size());
    }
    if (s == ordered) {
      while (ordered < tree.size() && tree[ordered].weight == tree[s].weight) ++ordered;
      tied.order(tree.data() + s, tree.data() + ordered);
    }
    const std::int32_t a = sets.find(tree[s].low), b = sets.find(tree[s].high);
    out.left[s] = std::min(cluster[a], cluster[b]);
    out.right[s] = std::max(cluster[a], cluster[b]);
    out.distance[s] = space.distance(tree[s].weight);
    const std::int32_t root = sets.join(a, b);
    out.size[s] = sets.size(root);
    cluster[root] = static_cast<std::int32_t>(n + s);
  }
}

}  // namespace matomari::density
