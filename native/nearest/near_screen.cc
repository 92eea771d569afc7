#include "nearest/near_screen.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "core/parallel.h"
#include "distances/distances.h"
#include "nearest/assign.h"

namespace matomari {

using core::Buffer;
using core::ConstMatrix;

namespace {
constexpr std::size_t kMostJoined = std::size_t{1} << 22;  // neighbours in all, of which a list holds three times as many

double inverse(double square) noexcept { return square > 0 ? 1 / std::sqrt(square) : 0.0; }
}  // namespace

NearScreen::NearScreen(core::Context& ctx, const simd::Kernels& k, const simd::ScreenKernels& screen, ConstMatrix queries,
                       ConstMatrix points, std::size_t count, Metric metric, std::int32_t* indices, float* distances)
    : ctx_(ctx), k_(k), screen_(screen), queries_(queries), points_(points), count_(count), metric_(metric),
      indices_(indices), distances_(distances), d_(points.cols), depth_((d_ + screen.per_group - 1) / screen.per_group),
      group_(std::clamp<std::size_t>((std::size_t{1} << 20) / count, kBlock, 16384)), bound_(screen, metric, d_),
      joins_(queries.data == points.data && queries.rows == points.rows && points.rows * count <= kMostJoined),
      panels_(screen, bound_, joins_ ? points.rows : std::min(points.rows, kPart), d_), shift_(d_, 0.0f), point_squares_(points.rows),
      point_scale_(metric == Metric::cosine ? points.rows : 0), query_scale_(metric == Metric::cosine ? queries.rows : 0) {
  squared_norms(ctx, points, point_squares_.data());
  for (std::size_t j = 0; j < point_scale_.size(); ++j) point_scale_[j] = inverse(point_squares_[j]);
  if (metric != Metric::dot) column_means(ctx, points, point_scale_.size() ? point_scale_.data() : nullptr, shift_.data());
}

bool NearScreen::sharp_enough() {
  const std::size_t rows = std::min<std::size_t>(queries_.rows, 64), points = std::min(points_.rows, kPart);
  open_group(rows);
  pack(0, rows);
  screen(0, rows, 0, points);
  std::size_t seen = 0;
  for (std::size_t i = 0; i < rows; ++i) seen += nearby_[i].seen;
  // A list that fills up takes in count · (1 + ln(points / count)) of them, however sharp the screen, and in fours some
  // 1.6 times as many. What comes on top costs a quarter of a nanosecond a column in float64, where the next finer screen
  // costs 1/216 (bf16 for int8) or 1/112 (float32 for bf16) of one more, but for every point: see choose_screen.
  const double ratio = static_cast<double>(points) / static_cast<double>(count_);
  const double filling = std::min(1.0, 1.6 * (1 + std::log(ratio)) / ratio);
  const double most = filling + (screen_.screen == simd::Screen::int8 ? 0.018 : 0.036);
  return static_cast<double>(seen) <= most * static_cast<double>(rows * points);
}

double NearScreen::run() {
  if (joins_ && join()) return static_cast<double>(crowded_.load()) / static_cast<double>(queries_.rows);
  const std::size_t groups = (queries_.rows + group_ - 1) / group_, parts = (points_.rows + kPart - 1) / kPart;
  open_group(std::min(queries_.rows, group_));
  for (std::size_t g = 0; g < groups; ++g) {
    const std::size_t first = g * group_, rows = std::min(group_, queries_.rows - first);
    pack(first, rows);
    for (std::size_t p = 0; p < parts; ++p) {
      screen(first, rows, p * kPart, std::min(kPart, points_.rows - p * kPart));
      ctx_.progress("nearest", g * parts + p + 1, groups * parts);
    }
    answer_all(first, rows);
  }
  return static_cast<double>(crowded_.load()) / static_cast<double>(queries_.rows);
}

void NearScreen::open_group(std::size_t rows) {
  const std::size_t padded = (rows + kBlock - 1) / kBlock * kBlock;
  block_ = RowBlock(padded, depth_);
  limit_ = Buffer<float>(padded, -3e38f);
  extent_.resize(rows);
  nearby_.resize(rows);
  query_squares_ = Buffer<double>(rows);
}

void NearScreen::pack(std::size_t first, std::size_t rows) {
  const bool unit = metric_ == Metric::cosine;
  core::parallel_for(ctx_, rows, kBlock, [&](std::size_t begin, std::size_t end, unsigned) {
    Buffer<float> work(d_);
    for (std::size_t i = begin; i < end; ++i) {
      const float* x = queries_.row(first + i);
      query_squares_[i] = dot_product(x, x, d_);
      if (unit) query_scale_[first + i] = inverse(query_squares_[i]);
      float scale;
      extent_[i] = pack_row(k_, screen_, {queries_, unit ? query_scale_.data() : nullptr, shift_.data()}, first + i,
                            work.data(), block_.groups(i), &scale);
      block_.put(i, scale, extent_[i]);
      nearby_[i].reset(count_);
      lower(i);
    }
  });
}

// Point j as a target, and what is to be added to its offset.
double NearScreen::target(std::size_t j, double* out) const {
  const float* c = points_.row(j);
  const double scale = metric_ == Metric::cosine ? point_scale_[j] : 1.0;
  for (std::size_t l = 0; l < d_; ++l) out[l] = static_cast<double>(c[l]) * scale - static_cast<double>(shift_[l]);
  // Cosine is screened as ½‖x − c‖² of unit vectors, ½ + ½ − cos; a zero point lacks the half of its length.
  return scale == 0 ? 0.5 : 0.0;
}

// Sets the score below which a point is worth measuring: ‖x − c‖² = 2 · score + ‖x'‖², which for cosine is twice the
// distance; by `dot` the score is the value.
void NearScreen::lower(std::size_t i) {
  const Extent& x = extent_[i];
  const double limit = nearby_[i].limit(), least = least_square(x, usual_error(x.norm), d_);
  const double score = metric_ == Metric::dot ? limit : metric_ == Metric::cosine ? limit - least / 2 : (limit - least) / 2;
  const double v = score + bound_.of_row(x);
  const bool bounded = x.norm + x.error < 1e18 && v < 1e37;
  limit_[i] = bounded ? at_least(v) : std::numeric_limits<float>::infinity();
  if (back_limit_.size() > 0)
    back_limit_[i] = bounded ? at_least(score + panels_.offset(i)) : std::numeric_limits<float>::infinity();
}

void NearScreen::fill_panels(std::size_t first_point, std::size_t points) {
  const std::size_t width = screen_.panel, panel_count = (points + width - 1) / width;
  core::parallel_for(ctx_, panel_count, 4, [&](std::size_t begin, std::size_t end, unsigned) {
    for (std::size_t p = begin; p < end; ++p)
      panels_.fill(p, points, metric_ != Metric::dot, [&](std::size_t j, double* out) { return target(first_point + j, out); });
  });
}

void NearScreen::screen(std::size_t first, std::size_t rows, std::size_t first_point, std::size_t points) {
  const std::size_t width = screen_.panel, panel_count = (points + width - 1) / width;
  fill_panels(first_point, points);
  Buffer<float> scores(ctx_.threads() * kBlock * width);
  core::parallel_for(ctx_, rows, kBlock, [&](std::size_t begin, std::size_t end, unsigned slot) {
    float* const out = scores.data() + slot * kBlock * width;
    std::uint64_t hits[kBlock];
    core::ExactSum exact;
    const std::size_t padded = (end - begin + screen_.row_tile - 1) / screen_.row_tile * screen_.row_tile;
    for (std::size_t p = 0; p < panel_count; ++p) {
      ctx_.check();
      screen_.low_below(block_.view(begin), padded, panels_.panel(p), limit_.data() + begin, out, hits);
      const std::uint64_t all = ~std::uint64_t{0} >> (64 - std::min(width, points - p * width));
      // Without a bound a score tells nothing.
      const bool bounded = panels_.widest(p).norm + panels_.widest(p).error < 1e18;
      for (std::size_t i = begin; i < end; ++i)
        for (std::uint64_t h = bounded ? hits[i - begin] & all : all; h != 0; h &= h - 1)
          take(first, i, static_cast<std::int32_t>(first_point + p * width + static_cast<std::size_t>(std::countr_zero(h))), exact);
    }
  });
}

// Has a point measured, as soon as four wait.
void NearScreen::take(std::size_t first, std::size_t i, std::int32_t point, core::ExactSum& exact) {
  Nearby& near = nearby_[i];
  near.queue[near.waiting++] = point;
  if (near.waiting == 4) measure(first, i, exact);
}

// Float64 distances of the points that wait.
void NearScreen::measure(std::size_t first, std::size_t i, core::ExactSum& exact) {
  Nearby& near = nearby_[i];
  if (near.waiting == 0) return;
  const float* const x = queries_.row(first + i);
  const auto point = [&](std::size_t v) { return points_.row(static_cast<std::size_t>(near.queue[v < near.waiting ? v : 0])); };
  const float* const four[4] = {point(0), point(1), point(2), point(3)};
  double product[4];
  dot_product4(x, four, d_, product);
  bool sharper = false;
  for (std::size_t v = 0; v < near.waiting; ++v) {
    const std::int32_t j = near.queue[v];
    const Scored s = scored(metric_, x, query_squares_[i], four[v], point_squares_[static_cast<std::size_t>(j)], d_, product[v], j);
    sharper |= near.add(s, [&](const Scored& a, const Scored& b) { return nearer(metric_, points_, x, a, b, exact); });
  }
  near.seen += near.waiting;
  near.waiting = 0;
  if (sharper) lower(i);
}

void NearScreen::answer_all(std::size_t first, std::size_t rows) {
  core::parallel_for(ctx_, rows, 16, [&](std::size_t begin, std::size_t end, unsigned) {
    core::ExactSum exact;
    for (std::size_t i = begin; i < end; ++i) answer(first, i, exact);
  });
}

void NearScreen::answer(std::size_t first, std::size_t i, core::ExactSum& exact) {
  ctx_.check();
  measure(first, i, exact);
  Nearby& near = nearby_[i];
  if (near.seen > count_) crowded_.fetch_add(1, std::memory_order_relaxed);
  const float* const x = queries_.row(first + i);
  const std::vector<Scored>& found = near.finish([&](const Scored& a, const Scored& b) { return nearer(metric_, points_, x, a, b, exact); });
  for (std::size_t n = 0; n < count_; ++n) {
    const auto j = static_cast<std::size_t>(found[n].index);
    indices_[(first + i) * count_ + n] = found[n].index;
    distances_[(first + i) * count_ + n] =
        static_cast<float>(pair_value(metric_, x, query_squares_[i], points_.row(j), point_squares_[j], d_));
  }
}

}  // namespace matomari
