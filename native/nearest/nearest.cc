#include "nearest/nearest.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "core/buffer.h"
#include "core/exact_sum.h"
#include "core/finite.h"
#include "core/parallel.h"
#include "distances/distances.h"
#include "nearest/assign.h"
#include "nearest/near_screen.h"
#include "nearest/near_tree.h"
#include "nearest/neighbour.h"
#include "nearest/panels.h"

namespace matomari {

using core::Buffer;
using core::ConstMatrix;

namespace {

// A point that could still be among the nearest: its true score lies between low and high.
struct Candidate {
  float low, high;
  std::int32_t index;
};

// The candidates of one query. A point stays while its lower end does not exceed the count-th smallest upper end.
class Shortlist {
 public:
  void reset(std::size_t count) {
    count_ = count;
    capacity_ = std::max(4 * count, count + kCrowd / 2);
    list_.clear();
    limit_ = std::numeric_limits<float>::infinity();
    crowded_ = false;
  }
  float limit() const noexcept { return limit_; }
  // Whether the screen left more points than are wanted.
  bool crowded() const noexcept { return crowded_ || list_.size() > count_; }
  const std::vector<Candidate>& list() const noexcept { return list_; }

  // True when the screen leaves too many (ties, mostly): the list must then be cut down by keep().
  bool add(const Candidate& c, std::vector<float>& scratch) {
    list_.push_back(c);
    if (list_.size() < capacity_) return false;
    prune(scratch);
    return list_.size() > count_ + kCrowd;
  }
  void prune(std::vector<float>& highs) {
    if (list_.size() <= count_) return;
    highs.clear();
    for (const Candidate& c : list_) highs.push_back(c.high);
    const auto kth = highs.begin() + static_cast<std::ptrdiff_t>(count_ - 1);
    std::nth_element(highs.begin(), kth, highs.end());
    limit_ = std::min(limit_, *kth);
    std::erase_if(list_, [&](const Candidate& c) { return c.low > limit_; });
    // Some that cannot be told apart: let the list grow rather than prune at every step.
    capacity_ = std::max(capacity_, 2 * list_.size());
  }
  // Only the candidates at these places stay: the nearest of the list.
  template <class Places>
  void keep(const Places& nearest) {
    crowded_ = true;
    std::vector<Candidate> kept;
    float highest = -std::numeric_limits<float>::infinity();
    for (const auto& n : nearest) {
      kept.push_back(list_[n.place]);
      highest = std::max(highest, kept.back().high);
    }
    std::copy(kept.begin(), kept.end(), list_.begin());
    list_.resize(kept.size());
    limit_ = std::min(limit_, highest);
    capacity_ = 2 * (count_ + kCrowd);
  }

 private:
  static constexpr std::size_t kCrowd = 384;

  std::size_t count_ = 0, capacity_ = 0;
  float limit_ = 0;
  bool crowded_ = false;
  std::vector<Candidate> list_;
};

// What one thread needs to put a shortlist in order.
struct Sorter {
  std::vector<Scored> found;
  std::vector<float> highs;
  core::ExactSum exact;
};

class Search {
 public:
  Search(core::Context& ctx, const simd::Kernels& k, ConstMatrix queries, ConstMatrix points, std::size_t count,
         Metric metric, std::int32_t* indices, float* distances)
      : ctx_(ctx), k_(k), queries_(queries), points_(points), count_(count), metric_(metric), indices_(indices),
        distances_(distances), d_(points.cols), group_(std::clamp<std::size_t>((std::size_t{1} << 19) / count, kBlock, 8192)), bound_(k, metric, d_), shift_(d_, 0.0f), point_squares_(points.rows),
        point_scale_(metric == Metric::cosine ? points.rows : 0),
        panels_(k, std::min(points.rows, kPart), d_) {
    squared_norms(ctx, points, point_squares_.data());
    if (metric == Metric::cosine)
      for (std::size_t j = 0; j < points.rows; ++j) point_scale_[j] = inverse(point_squares_[j]);
    if (metric != Metric::dot)
      column_means(ctx, points, metric == Metric::cosine ? point_scale_.data() : nullptr, shift_.data());
  }

  double run() {
    const std::size_t group = std::min(queries_.rows, group_);
    lists_.resize(group);
    packed_ = Buffer<float>((group + k_.row_tile) * leading(), 0.0f);
    extent_.resize(group);
    query_squares_ = Buffer<double>(group);
    const std::size_t groups = (queries_.rows + group_ - 1) / group_;
    const std::size_t parts = (points_.rows + kPart - 1) / kPart;
    for (std::size_t g = 0; g < groups; ++g) {
      const std::size_t first = g * group_, rows = std::min(group_, queries_.rows - first);
      pack_queries(first, rows);
      for (std::size_t p = 0; p < parts; ++p) {
        screen(first, rows, p * kPart, std::min(kPart, points_.rows - p * kPart));
        ctx_.progress("nearest", g * parts + p + 1, groups * parts);
      }
      settle(first, rows);
    }
    return static_cast<double>(crowded_.load()) / static_cast<double>(queries_.rows);
  }

 private:
  static constexpr std::size_t kPart = 4096;   // points packed at once
  static constexpr std::size_t kBlock = 96;    // queries a thread takes at once

  static double inverse(double square) noexcept { return square > 0 ? 1 / std::sqrt(square) : 0.0; }
  std::size_t leading() const noexcept { return d_ + 16; }

  void pack_queries(std::size_t first, std::size_t rows) {
    core::parallel_for(ctx_, rows, kBlock, [&](std::size_t begin, std::size_t end, unsigned) {
      for (std::size_t i = begin; i < end; ++i) {
        const float* x = queries_.row(first + i);
        query_squares_[i] = dot_product(x, x, d_);
        const bool unit = metric_ == Metric::cosine;
        const float scale = unit ? static_cast<float>(inverse(query_squares_[i])) : 1.0f;
        extent_[i] = centered(k_, x, shift_.data(), scale, unit, d_, packed_.data() + i * leading());
        lists_[i].reset(count_);
      }
    });
  }

  void screen(std::size_t first, std::size_t rows, std::size_t first_point, std::size_t points) {
    const std::size_t width = panels_.width(), panel_count = (points + width - 1) / width;
    core::parallel_for(ctx_, panel_count, 4, [&](std::size_t begin, std::size_t end, unsigned) {
      for (std::size_t p = begin; p < end; ++p)
        panels_.fill(p, points, metric_ != Metric::dot, [&](std::size_t j, double* out) {
          const float* c = points_.row(first_point + j);
          const double scale = metric_ == Metric::cosine ? point_scale_[first_point + j] : 1.0;
          for (std::size_t l = 0; l < d_; ++l)
            out[l] = static_cast<double>(c[l]) * scale - static_cast<double>(shift_[l]);
          // Cosine is screened as ½‖x − c‖² of unit vectors, ½ + ½ − cos; a zero point lacks the half of its length.
          return scale == 0 ? 0.5 : 0.0;
        });
    });
    Buffer<float> scores(ctx_.threads() * kBlock * width);
    core::parallel_for(ctx_, rows, kBlock, [&](std::size_t begin, std::size_t end, unsigned slot) {
      float* const out = scores.data() + slot * kBlock * width;
      Sorter sorter;
      const std::size_t padded = (end - begin + k_.row_tile - 1) / k_.row_tile * k_.row_tile;
      for (std::size_t p = 0; p < panel_count; ++p) {
        ctx_.check();
        k_.score_store(packed_.data() + begin * leading(), leading(), padded, panels_.panel(p),
                       panels_.width(p), d_, panels_.offsets(p), out);
        const std::size_t columns = std::min(width, points - p * width);
        for (std::size_t i = begin; i < end; ++i)
          take(first, i, out + (i - begin) * panels_.width(p), p, columns, first_point + p * width, sorter);
      }
    });
  }

  void take(std::size_t first, std::size_t i, const float* scores, std::size_t p, std::size_t columns,
            std::size_t first_point, Sorter& sorter) {
    Shortlist& list = lists_[i];
    const double widest = bound_(extent_[i], panels_.widest(p), panels_.highest(p));
    // Rounded up a little, so that the float32 comparison never drops what the exact one below would keep.
    const double edge = static_cast<double>(list.limit()) + widest;
    const float reach = above(edge + 1e-6 * std::abs(edge));
    bool any = false;
    for (std::size_t c = 0; c < columns; ++c) any |= !(scores[c] > reach);
    if (!any) return;
    for (std::size_t c = 0; c < columns; ++c) {
      if (scores[c] > reach) continue;
      const std::size_t j = p * panels_.width() + c;
      const double score = static_cast<double>(scores[c]);
      const double error = bound_(extent_[i], panels_.extent(j), panels_.offset(j));
      const bool known = error < 1e37 && std::isfinite(score);
      const Candidate candidate{known ? below(score - error) : -std::numeric_limits<float>::infinity(),
                                known ? above(score + error) : std::numeric_limits<float>::infinity(),
                                static_cast<std::int32_t>(first_point + c)};
      if (candidate.low > list.limit() || !list.add(candidate, sorter.highs)) continue;
      ctx_.check();
      sort(first + i, query_squares_[i], list, sorter);
      list.keep(sorter.found);
    }
  }

  // Float32 neighbours that do not lie inside the interval.
  static float below(double v) noexcept {
    return std::nextafter(static_cast<float>(v), -std::numeric_limits<float>::infinity());
  }
  static float above(double v) noexcept {
    return std::nextafter(static_cast<float>(v), std::numeric_limits<float>::infinity());
  }

  void settle(std::size_t first, std::size_t rows) {
    core::parallel_for(ctx_, rows, 16, [&](std::size_t begin, std::size_t end, unsigned) {
      Sorter sorter;
      for (std::size_t i = begin; i < end; ++i) {
        ctx_.check();
        lists_[i].prune(sorter.highs);
        if (lists_[i].crowded()) crowded_.fetch_add(1, std::memory_order_relaxed);
        sort(first + i, query_squares_[i], lists_[i], sorter);
        const float* x = queries_.row(first + i);
        for (std::size_t n = 0; n < count_; ++n) {
          const std::int32_t index = sorter.found[n].index;
          const auto j = static_cast<std::size_t>(index);
          indices_[(first + i) * count_ + n] = index;
          distances_[(first + i) * count_ + n] =
              static_cast<float>(pair_value(metric_, x, query_squares_[i], points_.row(j), point_squares_[j], d_));
        }
      }
    });
  }

  // The `count` nearest of a list, nearest first, into sorter.found.
  void sort(std::size_t query, double square, const Shortlist& list, Sorter& sorter) const {
    const float* const x = queries_.row(query);
    sorter.found.clear();
    for (std::size_t n = 0; n < list.list().size(); ++n)
      sorter.found.push_back(score(x, square, list.list()[n].index, static_cast<std::uint32_t>(n)));
    const auto last = sorter.found.begin() + static_cast<std::ptrdiff_t>(count_);
    std::partial_sort(sorter.found.begin(), last, sorter.found.end(),
                      [&](const Scored& a, const Scored& b) { return nearer(metric_, points_, x, a, b, sorter.exact); });
    sorter.found.erase(last, sorter.found.end());
  }

  Scored score(const float* x, double xx, std::int32_t index, std::uint32_t place) const {
    const auto j = static_cast<std::size_t>(index);
    const float* const c = points_.row(j);
    Scored s = scored(metric_, x, xx, c, point_squares_[j], d_, dot_product(x, c, d_), index);
    s.place = place;
    return s;
  }

  core::Context& ctx_;
  const simd::Kernels& k_;
  ConstMatrix queries_, points_;
  std::size_t count_;
  Metric metric_;
  std::int32_t* indices_;
  float* distances_;
  std::size_t d_;
  std::size_t group_;  // queries whose shortlists are open at once
  ScoreBound bound_;
  Buffer<float> shift_;
  Buffer<double> point_squares_, point_scale_, query_squares_;
  Panels panels_;
  Buffer<float> packed_;
  std::vector<Extent> extent_;
  std::vector<Shortlist> lists_;
  std::atomic<std::size_t> crowded_{0};
};

}  // namespace

Neighbours nearest(core::Context& ctx, const simd::Kernels& k, ConstMatrix queries, ConstMatrix points, std::size_t count,
                   Metric metric, std::int32_t* indices, float* distances, ScreenWish wish) {
  require_finite(ctx, queries, "queries");
  if (points.data != queries.data) require_finite(ctx, points, "points");
  Neighbours out;
  if (queries.rows == 0) return out;
  const bool automatic = wish == ScreenWish::automatic;
  if (automatic && suits_near_tree(queries.rows, points.rows, points.cols, count, metric)) {
    nearest_by_tree(ctx, queries, points, count, metric, indices, distances);
    return out;
  }
  // Few points are not worth packing, and of few columns float32 makes short work.
  const bool worth_it = !automatic || (points.rows >= 1024 && points.cols >= 32);
  // Of its own choice the coarsest that leaves few points to float64: one column larger than the others blunts int8, not bf16.
  for (const ScreenWish next : {ScreenWish::int8, ScreenWish::bf16}) {
    if (!worth_it || (!automatic && wish != next)) continue;
    const simd::ScreenKernels* const kernels = simd::screen_kernels(choose_screen(k, next, points.rows, points.cols), k.level);
    if (!kernels) continue;
    NearScreen search(ctx, k, *kernels, queries, points, count, metric, indices, distances);
    if (automatic && !search.sharp_enough()) continue;
    out.rechecked_share = search.run();
    out.screen = kernels->screen;
    return out;
  }
  out.rechecked_share = Search(ctx, k, queries, points, count, metric, indices, distances).run();
  return out;
}

}  // namespace matomari
