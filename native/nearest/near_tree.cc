#include "nearest/near_tree.h"

#include <algorithm>
#include <atomic>
#include <vector>

#include "core/buffer.h"
#include "core/exact_sum.h"
#include "core/parallel.h"
#include "distances/distances.h"
#include "nearest/exact.h"
#include "nearest/k_smallest.h"
#include "nearest/kd_tree.h"
#include "nearest/neighbour.h"

namespace matomari {

using core::ConstMatrix;

namespace {

// The search for one query at a time.
class TreeSearch {
 public:
  TreeSearch(const KdTree& tree, ConstMatrix points, const double* squares, std::size_t count, Metric metric)
      : tree_(tree), points_(points), squares_(squares), count_(count), metric_(metric), highest_(count), at_(points.cols) {}

  // The neighbours of a row of the points themselves, which lies in a slot of a leaf.
  void find_of(std::size_t leaf, std::size_t slot, std::int32_t* indices, float* distances) {
    tree_.coordinates(leaf, slot, at_.data());
    begin(points_.row(static_cast<std::size_t>(tree_.row(slot))));
    tree_.search_from(
        leaf, at_.data(), [&](std::size_t, double least) { return out_of_reach(least); }, [&](std::size_t v) { visit(v); });
    finish(indices, distances);
  }

  void find(const float* query, std::int32_t* indices, float* distances) {
    std::copy_n(query, points_.cols, at_.begin());
    begin(query);
    tree_.search(
        0, at_.data(), [&](std::size_t, double least) { return out_of_reach(least); }, [&](std::size_t v) { visit(v); });
    finish(indices, distances);
  }

 private:
  static constexpr std::size_t kCrowd = 384;  // candidates that may wait for an exact comparison

  void begin(const float* query) noexcept {
    query_ = query;
    highest_.clear();
    list_.clear();
    room_ = 2 * count_ + kCrowd;
  }

  // Whether no point of a box this far away can be among the nearest.
  bool out_of_reach(double squared) const noexcept { return squared - value_blur(points_.cols, squared) > highest_.worst(); }

  void visit(std::size_t leaf) {
    double squared[KdTree::kLeaf];
    tree_.squared(leaf, at_.data(), squared);
    const std::size_t first = tree_.begin(leaf), members = tree_.end(leaf) - first;
    for (std::size_t c = 0; c < members; ++c) {
      if (out_of_reach(squared[c])) continue;
      const double blur = value_blur(points_.cols, squared[c]);
      list_.push_back({squared[c], blur, tree_.row(first + c)});
      if (squared[c] + blur < highest_.worst()) highest_.add(squared[c] + blur);
      if (list_.size() == room_) thin();
    }
  }

  // Drops what can no longer be among the nearest; where that leaves many, all but the nearest.
  void thin() {
    std::erase_if(list_, [&](const Scored& s) { return s.value - s.blur > highest_.worst(); });
    if (list_.size() > count_ + kCrowd) order();
  }

  void order() {
    const auto last = list_.begin() + static_cast<std::ptrdiff_t>(std::min(count_, list_.size()));
    std::partial_sort(list_.begin(), last, list_.end(), [&](const Scored& a, const Scored& b) {
      return nearer(metric_, points_, query_, a, b, exact_);
    });
    list_.erase(last, list_.end());
  }

  void finish(std::int32_t* indices, float* distances) {
    thin();
    order();
    const double square = dot_product(query_, query_, points_.cols);
    for (std::size_t n = 0; n < count_; ++n) {
      const auto j = static_cast<std::size_t>(list_[n].index);
      indices[n] = list_[n].index;
      distances[n] = static_cast<float>(pair_value(metric_, query_, square, points_.row(j), squares_[j], points_.cols));
    }
  }

  const KdTree& tree_;
  ConstMatrix points_;
  const double* squares_;
  std::size_t count_, room_ = 0;
  Metric metric_;
  const float* query_ = nullptr;
  KSmallest highest_;  // upper ends of the squared distances
  std::vector<Scored> list_;
  std::vector<double> at_;
  core::ExactSum exact_;
};

}  // namespace

// Measured on uniform points, one thread: making the tree costs as much as comparing some 250 queries with all points, and
// at eight dimensions the search still takes half the time of a comparison of 2,000 to 100,000 points.
bool suits_near_tree(std::size_t queries, std::size_t points, std::size_t dims, std::size_t count, Metric metric) noexcept {
  const bool straight = metric == Metric::euclidean || metric == Metric::sqeuclidean;
  return straight && dims >= 1 && dims <= kTreeDimensions && queries >= 256 && points >= std::max<std::size_t>(512, 16 * count);
}

void nearest_by_tree(core::Context& ctx, ConstMatrix queries, ConstMatrix points, std::size_t count, Metric metric,
                     std::int32_t* indices, float* distances) {
  const KdTree tree(ctx, points);
  core::Buffer<double> squares(points.rows);
  squared_norms(ctx, points, squares.data());
  std::atomic<std::size_t> done{0};
  // Of the points themselves those of one leaf find their neighbours one after another, in the same part of the tree.
  const bool own = queries.data == points.data && queries.rows == points.rows;
  const std::size_t tasks = own ? tree.leaves() : queries.rows, grain = own ? 32 : 256;
  core::parallel_for(ctx, tasks, grain, [&](std::size_t from, std::size_t to, unsigned) {
    TreeSearch search(tree, points, squares.data(), count, metric);
    for (std::size_t t = from; t < to; ++t) {
      ctx.check();
      const std::size_t leaf = tree.first_leaf() + t;
      if (!own)
        search.find(queries.row(t), indices + t * count, distances + t * count);
      else
        for (std::size_t s = tree.begin(leaf); s < tree.end(leaf); ++s) {
          const std::size_t at = static_cast<std::size_t>(tree.row(s)) * count;
          search.find_of(leaf, s, indices + at, distances + at);
        }
    }
    ctx.progress("nearest", done += to - from, tasks);
  });
}

}  // namespace matomari
