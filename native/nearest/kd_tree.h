#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "core/buffer.h"
#include "core/context.h"
#include "core/view.h"

namespace matomari {

// A balanced k-d tree: every node is split at the median of its widest side, so that all leaves lie at one depth, and
// node v has the children 2v + 1 and 2v + 2. Points are moved into the order of the leaves; a position in that order
// is a slot. Within a leaf the coordinates lie by dimension, so that distances to its points are computed side by side.
class KdTree {
 public:
  static constexpr std::size_t kLeaf = 8;  // points of a leaf at most

  // Of the points, each times its scale where there are scales [points].
  KdTree(core::Context& ctx, core::ConstMatrix points, const double* scale = nullptr);

  std::size_t size() const noexcept { return n_; }
  std::size_t dims() const noexcept { return d_; }
  std::size_t nodes() const noexcept { return 2 * first_leaf_ + 1; }
  std::size_t first_leaf() const noexcept { return first_leaf_; }
  std::size_t leaves() const noexcept { return first_leaf_ + 1; }
  // The slots of node v are [begin, end).
  std::size_t begin(std::size_t v) const noexcept { return begin_[v]; }
  std::size_t end(std::size_t v) const noexcept { return end_[v]; }
  std::size_t leaf_of(std::size_t slot) const noexcept {
    return first_leaf_ + ((slot + 1) * leaves() + n_ - 1) / n_ - 1;
  }
  // The row of the point in a slot.
  std::int32_t row(std::size_t slot) const noexcept { return row_[slot]; }

  // The coordinates of the point in a slot of a leaf. out: [dims].
  void coordinates(std::size_t leaf, std::size_t slot, double* out) const noexcept {
    const std::size_t count = end_[leaf] - begin_[leaf];
    const double* const block = coordinates_.data() + begin_[leaf] * d_ + (slot - begin_[leaf]);
    for (std::size_t l = 0; l < d_; ++l) out[l] = block[l * count];
  }

  // Squared distances from x to the points of a leaf, each summed in index order.
  void squared(std::size_t leaf, const double* x, double (&out)[kLeaf]) const noexcept {
    const std::size_t count = end_[leaf] - begin_[leaf];
    const double* block = coordinates_.data() + begin_[leaf] * d_;
    for (std::size_t c = 0; c < count; ++c) out[c] = (block[c] - x[0]) * (block[c] - x[0]);
    for (std::size_t l = 1; l < d_; ++l) {
      block += count;
      for (std::size_t c = 0; c < count; ++c) out[c] += (block[c] - x[l]) * (block[c] - x[l]);
    }
  }

  // The squared distance from x to the box of a node. Computed like the distances to its points, term by term, so that
  // rounding cannot lift it above any of them.
  double squared_to_box(std::size_t v, const double* x) const noexcept {
    const double* const box = boxes_.data() + v * 2 * d_;
    double sum = 0;
    for (std::size_t l = 0; l < d_; ++l) {
      const double below = box[2 * l] - x[l], above = x[l] - box[2 * l + 1];
      const double t = below > above ? below : above;
      sum += t > 0 ? t * t : 0.0;
    }
    return sum;
  }

  // Calls visit(leaf) for the leaf of x, and then for all others that skip(node, squared distance to its box at least)
  // does not rule out, near ones early.
  template <class Skip, class Visit>
  void search_from(std::size_t leaf, const double* x, Skip&& skip, Visit&& visit) const {
    visit(leaf);
    for (std::size_t v = leaf; v != 0; v = (v - 1) / 2) search(v % 2 ? v + 1 : v - 1, x, skip, visit);
  }

  // The same below node `top`.
  template <class Skip, class Visit>
  void search(std::size_t top, const double* x, Skip&& skip, Visit&& visit) const {
    struct Open {
      double squared;
      std::size_t node;
    };
    std::array<Open, 64> stack;  // one more than the depth suffices
    std::size_t open = 0;
    if (skip(top, 0.0)) return;
    stack[open++] = {squared_to_box(top, x), top};
    while (open > 0) {
      const Open at = stack[--open];
      if (skip(at.node, at.squared)) continue;
      if (at.node >= first_leaf_) {
        visit(at.node);
        continue;
      }
      const std::size_t left = 2 * at.node + 1, right = left + 1;
      Open a{0, left}, b{0, right};
      const bool keep_a = !skip(left, at.squared), keep_b = !skip(right, at.squared);
      if (keep_a) a.squared = squared_to_box(left, x);
      if (keep_b) b.squared = squared_to_box(right, x);
      if (keep_a && keep_b) {
        // Equal points lie in the order of their rows: the left ones win ties.
        const bool left_first = a.squared <= b.squared;
        stack[open++] = left_first ? b : a;
        stack[open++] = left_first ? a : b;
      } else if (keep_a) {
        stack[open++] = a;
      } else if (keep_b) {
        stack[open++] = b;
      }
    }
  }

 private:
  double coordinate(std::size_t row, std::size_t l) const noexcept {
    const auto v = static_cast<double>(points_.row(row)[l]);
    return scale_ ? v * scale_[row] : v;
  }
  void measure(std::size_t v) noexcept;

  core::ConstMatrix points_;
  const double* scale_;
  std::size_t n_, d_, first_leaf_ = 0;
  core::Buffer<std::int32_t> row_;
  core::Buffer<std::size_t> begin_, end_;
  core::Buffer<double> boxes_, coordinates_;
};

}  // namespace matomari
