#include "nearest/near_screen.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "core/parallel.h"

namespace matomari {

using core::Buffer;

namespace {
// Nanoseconds to look at a point once more: for each column, and to fetch it and put it in its place.
constexpr double kColumn = 0.21, kPoint = 65;
// Multiply-adds a nanosecond of the int8 products, between those of processors with one and with two such units.
constexpr double kRate = 300;
constexpr std::size_t kMostJoined = std::size_t{1} << 22;  // neighbours in all, of which a list holds three times as many
}

NearScreen::NearScreen(core::Context& ctx, const simd::Kernels& k, const simd::ScreenKernels& screen, const NearPoints& points,
                       NearLists& lists, std::size_t count)
    : ctx_(ctx), k_(k), screen_(screen), points_(points), lists_(lists), count_(count), d_(points.matrix.cols),
      depth_((d_ + screen.per_group - 1) / screen.per_group),
      group_(std::clamp<std::size_t>((std::size_t{1} << 20) / count, kBlock, 16384)), bound_(screen, points.metric, d_),
      joins_(lists.queries().data == points.matrix.data && lists.queries().rows == points.matrix.rows &&
             points.matrix.rows * count <= kMostJoined),
      panels_(screen, bound_, joins_ ? points.matrix.rows : std::min(points.matrix.rows, kPart), d_) {}

bool NearScreen::sharp_enough() {
  const std::size_t n = points_.matrix.rows, rows = std::min<std::size_t>(lists_.queries().rows, 32), sample = std::min<std::size_t>(n, 1024);
  open_group(rows);
  pack(0, rows);
  screen(rows, 0, sample);
  std::size_t looked_at = 0;
  for (std::size_t i = 0; i < rows; ++i) looked_at += lists_.looked_at(i);
  // The points that a list takes in grow with the logarithm of those that go by. Twice as many, and `count` more when the list is
  // closed than a finer screen leaves, is what was found on sentence embeddings and on noise.
  const auto k = static_cast<double>(count_), all = static_cast<double>(n), some = static_cast<double>(sample), d = static_cast<double>(d_);
  const double growth = (1 + std::log(std::max(1.0, all / k))) / (1 + std::log(std::max(1.0, some / k)));
  const double points = 2 * static_cast<double>(looked_at) / static_cast<double>(rows) * growth + k;
  const double ours = points * (kColumn * d + kPoint);
  // What the next finer screen costs more: bf16 is half as fast as int8, and float32 than bf16, which besides has no join.
  const double pair = screen_.screen == simd::Screen::int8 ? (joins_ ? 0.5 : 1) / kRate : (joins_ ? 1.5 : 1) * 2 / kRate;
  return ours <= all * d * pair;
}

void NearScreen::run() {
  if (joins_ && join()) return;
  const std::size_t queries = lists_.queries().rows, n = points_.matrix.rows;
  const std::size_t groups = (queries + group_ - 1) / group_, parts = (n + kPart - 1) / kPart;
  open_group(std::min(queries, group_));
  for (std::size_t g = 0; g < groups; ++g) {
    const std::size_t first = g * group_, rows = std::min(group_, queries - first);
    pack(first, rows);
    for (std::size_t p = 0; p < parts; ++p) {
      screen(rows, p * kPart, std::min(kPart, n - p * kPart));
      ctx_.progress("nearest", g * parts + p + 1, groups * parts);
    }
    lists_.answer();
  }
}

void NearScreen::open_group(std::size_t rows) {
  const std::size_t padded = (rows + kBlock - 1) / kBlock * kBlock;
  block_ = RowBlock(padded, depth_);
  limit_ = Buffer<float>(padded, -3e38f);
}

void NearScreen::pack(std::size_t first, std::size_t rows) {
  lists_.open(first, rows);
  const RowSource source{lists_.queries(), points_.metric == Metric::cosine ? lists_.scale() : nullptr, points_.shift.data()};
  core::parallel_for(ctx_, rows, kBlock, [&](std::size_t begin, std::size_t end, unsigned) {
    Buffer<float> work(d_);
    for (std::size_t i = begin; i < end; ++i) {
      float scale;
      const Extent extent = pack_row(k_, screen_, source, first + i, work.data(), block_.groups(i), &scale);
      block_.put(i, scale, extent);
      lists_.tell(i, extent, usual_error(extent.norm));
      lower(i);
    }
  });
}

// Sets the score below which a point may be near.
void NearScreen::lower(std::size_t i) {
  const Extent& x = lists_.extent(i);
  const double score = lists_.limit(i), v = score + bound_.of_row(x);
  const bool bounded = x.norm + x.error < 1e18 && v < 1e37;
  limit_[i] = bounded ? at_least(v) : std::numeric_limits<float>::infinity();
  if (back_limit_.size() > 0)
    back_limit_[i] = bounded ? at_least(score + panels_.offset(i)) : std::numeric_limits<float>::infinity();
}

NearScreen::Interval NearScreen::interval(std::size_t i, std::size_t column, float low) const noexcept {
  const Extent& x = lists_.extent(i);
  const auto score = static_cast<double>(low);
  return {score - bound_.of_row(x), score + bound_.width(x, panels_.extent(column), panels_.offset(column))};
}

void NearScreen::fill_panels(std::size_t first_point, std::size_t points) {
  const std::size_t width = screen_.panel, panel_count = (points + width - 1) / width;
  core::parallel_for(ctx_, panel_count, 4, [&](std::size_t begin, std::size_t end, unsigned) {
    for (std::size_t p = begin; p < end; ++p)
      panels_.fill(p, points, points_.metric != Metric::dot,
                   [&](std::size_t j, double* out) { return points_.target(first_point + j, out); });
  });
}

void NearScreen::screen(std::size_t rows, std::size_t first_point, std::size_t points) {
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
      const simd::ScreenPanel panel = panels_.panel(p);
      screen_.low_below(block_.view(begin), padded, panel, limit_.data() + begin, out, hits);
      const std::uint64_t all = ~std::uint64_t{0} >> (64 - std::min(width, points - p * width));
      for (std::size_t i = begin; i < end; ++i) {
        // Without a bound a score tells nothing.
        const bool bounded = bound_(lists_.extent(i), panels_.widest(p), panels_.highest(p)) < 1e37;
        for (std::uint64_t h = bounded ? hits[i - begin] & all : all; h != 0; h &= h - 1) {
          const auto c = static_cast<std::size_t>(std::countr_zero(h));
          const Interval score = bounded ? interval(i, p * width + c, out[(i - begin) * panel.width + c]) : Interval{-HUGE_VAL, HUGE_VAL};
          if (lists_.take(i, first_point + p * width + c, score.low, score.high, exact)) lower(i);
        }
      }
    }
  });
}

}  // namespace matomari
