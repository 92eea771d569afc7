#include "nearest/kd_tree.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "core/parallel.h"

namespace matomari {

namespace {

struct Keyed {
  double key;
  std::int32_t row;
  bool operator<(const Keyed& other) const noexcept {
    return key != other.key ? key < other.key : row < other.row;
  }
};

}  // namespace

KdTree::KdTree(core::Context& ctx, core::ConstMatrix points, const double* scale)
    : points_(points), scale_(scale), n_(points.rows), d_(points.cols), row_(n_) {
  std::size_t levels = 0;
  while ((n_ + (std::size_t{1} << levels) - 1) >> levels > kLeaf) ++levels;
  first_leaf_ = (std::size_t{1} << levels) - 1;
  begin_ = core::Buffer<std::size_t>(nodes());
  end_ = core::Buffer<std::size_t>(nodes());
  boxes_ = core::Buffer<double>(nodes() * 2 * d_);
  coordinates_ = core::Buffer<double>(n_ * d_);
  std::iota(row_.begin(), row_.end(), 0);
  core::Buffer<Keyed> keyed(n_);

  for (std::size_t level = 0; level <= levels; ++level) {
    const std::size_t width = std::size_t{1} << level;
    core::parallel_for(ctx, width, std::max<std::size_t>(1, 4096 * width / n_), [&](std::size_t from, std::size_t to, unsigned) {
      for (std::size_t p = from; p < to; ++p) {
        const std::size_t v = width - 1 + p;
        begin_[v] = n_ * p / width;
        end_[v] = n_ * (p + 1) / width;
        measure(v);
        if (level == levels) continue;
        const double* const box = boxes_.data() + v * 2 * d_;
        std::size_t widest = 0;
        for (std::size_t l = 1; l < d_; ++l)
          if (box[2 * l + 1] - box[2 * l] > box[2 * widest + 1] - box[2 * widest]) widest = l;
        for (std::size_t s = begin_[v]; s < end_[v]; ++s)
          keyed[s] = {coordinate(static_cast<std::size_t>(row_[s]), widest), row_[s]};
        const std::size_t middle = n_ * (2 * p + 1) / (2 * width);
        std::nth_element(keyed.begin() + begin_[v], keyed.begin() + middle, keyed.begin() + end_[v]);
        for (std::size_t s = begin_[v]; s < end_[v]; ++s) row_[s] = keyed[s].row;
      }
    });
  }
  core::parallel_for(ctx, leaves(), 512, [&](std::size_t from, std::size_t to, unsigned) {
    for (std::size_t v = first_leaf_ + from; v < first_leaf_ + to; ++v) {
      const std::size_t count = end_[v] - begin_[v];
      double* const block = coordinates_.data() + begin_[v] * d_;
      for (std::size_t c = 0; c < count; ++c)
        for (std::size_t l = 0; l < d_; ++l)
          block[l * count + c] = coordinate(static_cast<std::size_t>(row_[begin_[v] + c]), l);
    }
  });
}

// The smallest box around the points of a node.
void KdTree::measure(std::size_t v) noexcept {
  double* const box = boxes_.data() + v * 2 * d_;
  for (std::size_t l = 0; l < d_; ++l) {
    box[2 * l] = std::numeric_limits<double>::infinity();
    box[2 * l + 1] = -std::numeric_limits<double>::infinity();
  }
  for (std::size_t s = begin_[v]; s < end_[v]; ++s)
    for (std::size_t l = 0; l < d_; ++l) {
      const double x = coordinate(static_cast<std::size_t>(row_[s]), l);
      box[2 * l] = std::min(box[2 * l], x);
      box[2 * l + 1] = std::max(box[2 * l + 1], x);
    }
}

}  // namespace matomari
