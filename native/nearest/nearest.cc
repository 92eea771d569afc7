#include "nearest/nearest.h"

#include <algorithm>
#include <atomic>
#include <bit>
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
#include "nearest/exact.h"
#include "nearest/nearby.h"
#include "nearest/panels.h"
#include "nearest/screen_panels.h"

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
    capacity_ = std::max(4 * count, count + 192);
    list_.clear();
    limit_ = std::numeric_limits<float>::infinity();
  }
  float limit() const noexcept { return limit_; }
  void add(const Candidate& c) {
    list_.push_back(c);
    if (list_.size() >= capacity_) prune();
  }
  const std::vector<Candidate>& finish() {
    prune();
    return list_;
  }

 private:
  void prune() {
    if (list_.size() <= count_) return;
    highs_.clear();
    for (const Candidate& c : list_) highs_.push_back(c.high);
    const auto kth = highs_.begin() + static_cast<std::ptrdiff_t>(count_ - 1);
    std::nth_element(highs_.begin(), kth, highs_.end());
    limit_ = std::min(limit_, *kth);
    std::erase_if(list_, [&](const Candidate& c) { return c.low > limit_; });
    // Many that cannot be told apart: let the list grow rather than prune at every step.
    capacity_ = std::max(capacity_, 2 * list_.size());
  }

  std::size_t count_ = 0, capacity_ = 0;
  float limit_ = 0;
  std::vector<Candidate> list_;
  std::vector<float> highs_;
};

class Search {
 public:
  Search(core::Context& ctx, const simd::Kernels& k, ConstMatrix queries, ConstMatrix points, std::size_t count,
         Metric metric, std::int32_t* indices, float* distances, simd::Screen screen)
      : ctx_(ctx), k_(k), queries_(queries), points_(points), count_(count), metric_(metric), indices_(indices),
        distances_(distances), d_(points.cols), bound_(k, metric, d_), shift_(d_, 0.0f), point_squares_(points.rows),
        point_scale_(metric == Metric::cosine ? points.rows : 0),
        panels_(k, std::min(points.rows, kPart), d_) {
    squared_norms(ctx, points, point_squares_.data());
    if (metric == Metric::cosine)
      for (std::size_t j = 0; j < points.rows; ++j) point_scale_[j] = inverse(point_squares_[j]);
    if (metric != Metric::dot)
      column_means(ctx, points, metric == Metric::cosine ? point_scale_.data() : nullptr, shift_.data());
    if (const simd::ScreenKernels* kernels = simd::screen_kernels(screen, k.level); kernels && d_ <= 65536)
      low_ = std::make_unique<Low>(*kernels, metric, std::min(points.rows, kPart), d_);
  }

  simd::Screen screen() const noexcept { return low_ ? low_->k.screen : simd::Screen::f32; }

  // The share of the points that the screen leaves to float64, of a sample of queries and points.
  double sample() {
    const std::size_t rows = std::min<std::size_t>(queries_.rows, 64), points = std::min(points_.rows, kPart);
    open_group(rows);
    pack_low(0, rows);
    screen_low(0, rows, 0, points);
    std::size_t seen = 0;
    for (std::size_t i = 0; i < rows; ++i) seen += nearby_[i].seen;
    return static_cast<double>(seen) / static_cast<double>(rows * points);
  }

  double run() {
    return low_ ? run_low() : run_float();
  }

 private:
  double run_float() {
    const std::size_t group = std::min(queries_.rows, kGroup);
    lists_.resize(group);
    packed_ = Buffer<float>((group + k_.row_tile) * leading(), 0.0f);
    extent_.resize(group);
    query_squares_ = Buffer<double>(group);
    const std::size_t groups = (queries_.rows + kGroup - 1) / kGroup;
    const std::size_t parts = (points_.rows + kPart - 1) / kPart;
    for (std::size_t g = 0; g < groups; ++g) {
      const std::size_t first = g * kGroup, rows = std::min(kGroup, queries_.rows - first);
      pack_queries(first, rows);
      for (std::size_t p = 0; p < parts; ++p) {
        screen(rows, p * kPart, std::min(kPart, points_.rows - p * kPart));
        ctx_.progress("nearest", g * parts + p + 1, groups * parts);
      }
      settle(first, rows);
    }
    return static_cast<double>(crowded_.load()) / static_cast<double>(queries_.rows);
  }

  static constexpr std::size_t kGroup = 8192;  // queries whose shortlists are open at once
  static constexpr std::size_t kLowGroup = 16384;
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

  void screen(std::size_t rows, std::size_t first_point, std::size_t points) {
    const std::size_t width = panels_.width(), panel_count = (points + width - 1) / width;
    core::parallel_for(ctx_, panel_count, 4, [&](std::size_t begin, std::size_t end, unsigned) {
      for (std::size_t p = begin; p < end; ++p)
        panels_.fill(p, points, metric_ != Metric::dot, [&](std::size_t j, double* out) { return target(first_point + j, out); });
    });
    Buffer<float> scores(ctx_.threads() * kBlock * width);
    core::parallel_for(ctx_, rows, kBlock, [&](std::size_t begin, std::size_t end, unsigned slot) {
      float* const out = scores.data() + slot * kBlock * width;
      const std::size_t padded = (end - begin + k_.row_tile - 1) / k_.row_tile * k_.row_tile;
      for (std::size_t p = 0; p < panel_count; ++p) {
        ctx_.check();
        k_.score_store(packed_.data() + begin * leading(), leading(), padded, panels_.panel(p),
                       panels_.width(p), d_, panels_.offsets(p), out);
        const std::size_t columns = std::min(width, points - p * width);
        for (std::size_t i = begin; i < end; ++i)
          take(i, out + (i - begin) * panels_.width(p), p, columns, first_point + p * width);
      }
    });
  }

  // Point j as a target, and what is to be added to its offset.
  double target(std::size_t j, double* out) const {
    const float* c = points_.row(j);
    const double scale = metric_ == Metric::cosine ? point_scale_[j] : 1.0;
    for (std::size_t l = 0; l < d_; ++l) out[l] = static_cast<double>(c[l]) * scale - static_cast<double>(shift_[l]);
    // Cosine is screened as ½‖x − c‖² of unit vectors, ½ + ½ − cos; a zero point lacks the half of its length.
    return scale == 0 ? 0.5 : 0.0;
  }

  void take(std::size_t i, const float* scores, std::size_t p, std::size_t columns, std::size_t first) {
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
      const bool known = error < 1e37;
      const Candidate candidate{known ? below(score - error) : -std::numeric_limits<float>::infinity(),
                                known ? above(score + error) : std::numeric_limits<float>::infinity(),
                                static_cast<std::int32_t>(first + c)};
      if (!(candidate.low > list.limit())) list.add(candidate);
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
      std::vector<Scored> found;
      core::ExactSum exact;
      for (std::size_t i = begin; i < end; ++i) {
        ctx_.check();
        const float* x = queries_.row(first + i);
        const std::vector<Candidate>& list = lists_[i].finish();
        if (list.size() > count_) crowded_.fetch_add(1, std::memory_order_relaxed);
        found.clear();
        for (const Candidate& c : list) found.push_back(score(x, query_squares_[i], c.index));
        answer(first, i, found, exact);
      }
    });
  }

  void answer(std::size_t first, std::size_t i, std::vector<Scored>& found, core::ExactSum& exact) {
    const float* x = queries_.row(first + i);
    std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(count_), found.end(),
                      [&](const Scored& a, const Scored& b) { return nearer(x, a, b, exact); });
    for (std::size_t n = 0; n < count_; ++n) {
      const auto j = static_cast<std::size_t>(found[n].index);
      indices_[(first + i) * count_ + n] = found[n].index;
      distances_[(first + i) * count_ + n] =
          static_cast<float>(pair_value(metric_, x, query_squares_[i], points_.row(j), point_squares_[j], d_));
    }
  }

  // The low-precision screen. What it cannot rule out is measured in float64 at once, so that the limit a point must beat
  // is sharp, however blunt the screen.
  struct Low {
    Low(const simd::ScreenKernels& kernels, Metric metric, std::size_t points, std::size_t d)
        : k(kernels), bound(kernels, metric, d), panels(kernels, bound, points, d), depth((d + kernels.per_group - 1) / kernels.per_group) {}
    const simd::ScreenKernels& k;
    ScreenBound bound;
    ScreenPanels panels;
    std::size_t depth;
    RowBlock queries;
    Buffer<float> limit;
  };

  double run_low() {
    const std::size_t groups = (queries_.rows + kLowGroup - 1) / kLowGroup, parts = (points_.rows + kPart - 1) / kPart;
    open_group(std::min(queries_.rows, kLowGroup));
    for (std::size_t g = 0; g < groups; ++g) {
      const std::size_t first = g * kLowGroup, rows = std::min(kLowGroup, queries_.rows - first);
      pack_low(first, rows);
      for (std::size_t p = 0; p < parts; ++p) {
        screen_low(first, rows, p * kPart, std::min(kPart, points_.rows - p * kPart));
        ctx_.progress("nearest", g * parts + p + 1, groups * parts);
      }
      core::parallel_for(ctx_, rows, 16, [&](std::size_t begin, std::size_t end, unsigned) {
        core::ExactSum exact;
        for (std::size_t i = begin; i < end; ++i) {
          measure(first, i);
          if (nearby_[i].seen > count_) crowded_.fetch_add(1, std::memory_order_relaxed);
          answer(first, i, nearby_[i].finish(), exact);
        }
      });
    }
    return static_cast<double>(crowded_.load()) / static_cast<double>(queries_.rows);
  }

  void open_group(std::size_t rows) {
    const std::size_t padded = (rows + kBlock - 1) / kBlock * kBlock;
    low_->queries = RowBlock(padded, low_->depth);
    low_->limit = Buffer<float>(padded, -3e38f);
    extent_.resize(rows);
    nearby_.resize(rows);
    query_squares_ = Buffer<double>(rows);
    query_scale_ = Buffer<double>(metric_ == Metric::cosine ? queries_.rows : 0);
  }

  void pack_low(std::size_t first, std::size_t rows) {
    const bool unit = metric_ == Metric::cosine;
    core::parallel_for(ctx_, rows, kBlock, [&](std::size_t begin, std::size_t end, unsigned) {
      Buffer<float> work(d_);
      for (std::size_t i = begin; i < end; ++i) {
        const float* x = queries_.row(first + i);
        query_squares_[i] = dot_product(x, x, d_);
        if (unit) query_scale_[first + i] = inverse(query_squares_[i]);
        float scale;
        extent_[i] = pack_row(k_, low_->k, {queries_, unit ? query_scale_.data() : nullptr, shift_.data()}, first + i, work.data(), low_->queries.groups(i), &scale);
        low_->queries.put(i, scale, extent_[i]);
        nearby_[i].reset(count_);
        lower(i);
      }
    });
  }

  // Sets the score below which a point is worth measuring: ‖x − c‖² = 2 · score + ‖x'‖², which for cosine is twice the
  // distance; by `dot` the score is the value.
  void lower(std::size_t i) {
    const Extent& x = extent_[i];
    const double limit = nearby_[i].limit();
    const double least = least_square(x, usual_error(x.norm), d_);
    const double score = metric_ == Metric::dot ? limit : metric_ == Metric::cosine ? limit - least / 2 : (limit - least) / 2;
    const double v = score + low_->bound.of_row(x);
    low_->limit[i] = x.norm + x.error < 1e18 && v < 1e37 ? at_least(v) : std::numeric_limits<float>::infinity();
  }

  void screen_low(std::size_t first, std::size_t rows, std::size_t first_point, std::size_t points) {
    const std::size_t width = low_->k.panel, panel_count = (points + width - 1) / width;
    core::parallel_for(ctx_, panel_count, 4, [&](std::size_t begin, std::size_t end, unsigned) {
      for (std::size_t p = begin; p < end; ++p)
        low_->panels.fill(p, points, metric_ != Metric::dot, [&](std::size_t j, double* out) { return target(first_point + j, out); });
    });
    Buffer<float> scores(ctx_.threads() * kBlock * width);
    core::parallel_for(ctx_, rows, kBlock, [&](std::size_t begin, std::size_t end, unsigned slot) {
      float* const out = scores.data() + slot * kBlock * width;
      std::uint64_t hits[kBlock];
      const std::size_t padded = (end - begin + low_->k.row_tile - 1) / low_->k.row_tile * low_->k.row_tile;
      for (std::size_t p = 0; p < panel_count; ++p) {
        ctx_.check();
        low_->k.low_below(low_->queries.view(begin), padded, low_->panels.panel(p), low_->limit.data() + begin, out, hits);
        const std::size_t columns = std::min(width, points - p * width);
        const std::uint64_t all = ~std::uint64_t{0} >> (64 - columns);
        // Without a bound a score tells nothing.
        const bool bounded = low_->panels.widest(p).norm + low_->panels.widest(p).error < 1e18;
        for (std::size_t i = begin; i < end; ++i)
          for (std::uint64_t h = bounded ? hits[i - begin] & all : all; h != 0; h &= h - 1) {
            Nearby& near = nearby_[i];
            near.queue[near.waiting++] = static_cast<std::int32_t>(first_point + p * width + static_cast<std::size_t>(std::countr_zero(h)));
            if (near.waiting == 4) measure(first, i);
          }
      }
    });
  }

  // Float64 distances of the points that wait.
  void measure(std::size_t first, std::size_t i) {
    Nearby& near = nearby_[i];
    if (near.waiting == 0) return;
    const float* const x = queries_.row(first + i);
    const auto point = [&](std::size_t v) { return points_.row(static_cast<std::size_t>(near.queue[v < near.waiting ? v : 0])); };
    double product[4];
    dot_product4(x, {point(0), point(1), point(2), point(3)}, d_, product);
    bool sharper = false;
    for (std::size_t v = 0; v < near.waiting; ++v) sharper |= near.add(score(x, query_squares_[i], near.queue[v], product[v]));
    near.seen += near.waiting;
    near.waiting = 0;
    if (sharper) lower(i);
  }

  Scored score(const float* x, double xx, std::int32_t index) const {
    return score(x, xx, index, dot_product(x, points_.row(static_cast<std::size_t>(index)), d_));
  }

  Scored score(const float* x, double xx, std::int32_t index, double product) const {
    const auto j = static_cast<std::size_t>(index);
    const Metric by = metric_ == Metric::euclidean ? Metric::sqeuclidean : metric_;
    const double v = pair_value(by, product, xx, point_squares_[j], [&] { return squared_difference(x, points_.row(j), d_); });
    const double size = metric_ == Metric::cosine ? 2.0 : xx + point_squares_[j];
    return {metric_ == Metric::dot ? -v : v, size * (static_cast<double>(d_) + 8) * 0x1p-51, index};
  }

  bool nearer(const float* x, const Scored& a, const Scored& b, core::ExactSum& exact) const {
    if (metric_ != Metric::cosine && a.index != b.index && std::abs(a.value - b.value) <= a.blur + b.blur) {
      const int sign = compare_exactly(metric_, x, points_.row(static_cast<std::size_t>(a.index)),
                                       points_.row(static_cast<std::size_t>(b.index)), d_, exact);
      return sign != 0 ? sign < 0 : a.index < b.index;
    }
    return a.value != b.value ? a.value < b.value : a.index < b.index;
  }

  core::Context& ctx_;
  const simd::Kernels& k_;
  ConstMatrix queries_, points_;
  std::size_t count_;
  Metric metric_;
  std::int32_t* indices_;
  float* distances_;
  std::size_t d_;
  ScoreBound bound_;
  Buffer<float> shift_;
  Buffer<double> point_squares_, point_scale_, query_squares_;
  Panels panels_;
  Buffer<float> packed_;
  std::vector<Extent> extent_;
  std::vector<Shortlist> lists_;
  std::unique_ptr<Low> low_;
  std::vector<Nearby> nearby_;
  Buffer<double> query_scale_;
  std::atomic<std::size_t> crowded_{0};
};

}  // namespace

Neighbours nearest(core::Context& ctx, const simd::Kernels& k, ConstMatrix queries, ConstMatrix points, std::size_t count,
                   Metric metric, std::int32_t* indices, float* distances, ScreenWish wish) {
  require_finite(ctx, queries, "queries");
  if (points.data != queries.data) require_finite(ctx, points, "points");
  Neighbours out;
  if (queries.rows == 0) return out;
  // Few points are not worth packing them twice, and of few columns float32 makes short work.
  const bool automatic = wish == ScreenWish::automatic;
  simd::Screen screen = !automatic ? choose_screen(k, wish, points.rows, points.cols)
                        : points.rows >= 1024 && points.cols >= 32 ? choose_screen(k, ScreenWish::int8, points.rows, points.cols)
                                                                   : simd::Screen::f32;
  auto search = std::make_unique<Search>(ctx, k, queries, points, count, metric, indices, distances, screen);
  // A list that fills up takes in count · ln(points / count) of the first points, however sharp the screen.
  const double most = 0.05 + 10.0 * static_cast<double>(count) / 4096;
  if (automatic && search->screen() != simd::Screen::f32 && search->sample() > most)
    search = std::make_unique<Search>(ctx, k, queries, points, count, metric, indices, distances, simd::Screen::f32);
  out.rechecked_share = search->run();
  out.screen = search->screen();
  return out;
}

}  // namespace matomari
