#pragma once
#include "core/buffer.h"
#include "hdbscan/boruvka.h"
#include "hdbscan/space.h"
#include "nearest/kd_tree.h"

namespace matomari::density {

// Finds edges of the mutual reachability graph by a k-d tree. Points are numbered by slot.
class TreeEdges : public EdgeFinder {
 public:
  // core: [points] squared core distances by slot; borrowed.
  TreeEdges(core::Context& ctx, const KdTree& tree, const Space& space, const double* core);
  std::int32_t row(std::size_t point) const noexcept override { return tree_.row(point); }
  void find(core::Context& ctx, const Round& round) override;

 private:
  void mark(core::Context& ctx, const std::int32_t* component);
  Offer search(std::size_t slot, const Round& round, double* x) const noexcept;

  // What the points of a node have in common.
  struct Summary {
    double least_core;
    std::int32_t least_row;
    std::int32_t component;  // −1 when they have several
  };

  const KdTree& tree_;
  const Space& space_;
  const double* core_;
  core::Buffer<Summary> summary_;
};

}  // namespace matomari::density
