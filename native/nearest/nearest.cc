#include "nearest/nearest.h"

#include <algorithm>
#include <cmath>

#include "core/buffer.h"
#include "core/finite.h"
#include "core/parallel.h"
#include "nearest/near_lists.h"
#include "nearest/near_screen.h"
#include "nearest/near_tree.h"
#include "nearest/panels.h"

namespace matomari {

using core::Buffer;
using core::ConstMatrix;

namespace {

// By scores in float32.
class Search {
 public:
  Search(core::Context& ctx, const simd::Kernels& k, const NearPoints& points, NearLists& lists, std::size_t count)
      : ctx_(ctx), k_(k), points_(points), lists_(lists), d_(points.matrix.cols),
        group_(std::clamp<std::size_t>((std::size_t{1} << 19) / count, kBlock, 8192)), bound_(k, points.metric, d_),
        panels_(k, std::min(points.matrix.rows, kPart), d_) {}

  void run() {
    const std::size_t queries = lists_.queries().rows, n = points_.matrix.rows;
    packed_ = Buffer<float>((std::min(queries, group_) + k_.row_tile) * leading(), 0.0f);
    const std::size_t groups = (queries + group_ - 1) / group_, parts = (n + kPart - 1) / kPart;
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

 private:
  static constexpr std::size_t kPart = 4096;  // points packed at once
  static constexpr std::size_t kBlock = 96;   // queries a thread takes at once

  std::size_t leading() const noexcept { return d_ + 16; }

  void pack(std::size_t first, std::size_t rows) {
    lists_.open(first, rows);
    const bool unit = points_.metric == Metric::cosine;
    core::parallel_for(ctx_, rows, kBlock, [&](std::size_t begin, std::size_t end, unsigned) {
      for (std::size_t i = begin; i < end; ++i) {
        const float scale = unit ? static_cast<float>(lists_.scale()[first + i]) : 1.0f;
        const Extent extent = centered(k_, lists_.queries().row(first + i), points_.shift.data(), scale, unit, d_, packed_.data() + i * leading());
        lists_.tell(i, extent, extent.error);
      }
    });
  }

  void screen(std::size_t rows, std::size_t first_point, std::size_t points) {
    const std::size_t width = panels_.width(), panel_count = (points + width - 1) / width;
    core::parallel_for(ctx_, panel_count, 4, [&](std::size_t begin, std::size_t end, unsigned) {
      for (std::size_t p = begin; p < end; ++p)
        panels_.fill(p, points, points_.metric != Metric::dot,
                     [&](std::size_t j, double* out) { return points_.target(first_point + j, out); });
    });
    Buffer<float> scores(ctx_.threads() * kBlock * width);
    core::parallel_for(ctx_, rows, kBlock, [&](std::size_t begin, std::size_t end, unsigned slot) {
      float* const out = scores.data() + slot * kBlock * width;
      core::ExactSum exact;
      const std::size_t padded = (end - begin + k_.row_tile - 1) / k_.row_tile * k_.row_tile;
      for (std::size_t p = 0; p < panel_count; ++p) {
        ctx_.check();
        k_.score_store(packed_.data() + begin * leading(), leading(), padded, panels_.panel(p), panels_.width(p), d_,
                       panels_.offsets(p), out);
        const std::size_t columns = std::min(width, points - p * width);
        for (std::size_t i = begin; i < end; ++i)
          take(i, out + (i - begin) * panels_.width(p), p, columns, first_point + p * width, exact);
      }
    });
  }

  void take(std::size_t i, const float* scores, std::size_t p, std::size_t columns, std::size_t first_point, core::ExactSum& exact) {
    const Extent& x = lists_.extent(i);
    const double widest = bound_(x, panels_.widest(p), panels_.highest(p));
    const auto reach = [&] { return at_least(lists_.limit(i) + widest); };
    float most = reach();
    bool any = false;
    for (std::size_t c = 0; c < columns; ++c) any |= !(scores[c] > most);
    for (std::size_t c = 0; any && c < columns; ++c) {
      if (scores[c] > most) continue;
      const std::size_t j = p * panels_.width() + c;
      const double score = static_cast<double>(scores[c]), error = bound_(x, panels_.extent(j), panels_.offset(j));
      const bool known = error < 1e37 && std::isfinite(score);
      if (lists_.take(i, first_point + c, known ? score - error : -HUGE_VAL, known ? score + error : HUGE_VAL, exact)) most = reach();
    }
  }

  core::Context& ctx_;
  const simd::Kernels& k_;
  const NearPoints& points_;
  NearLists& lists_;
  std::size_t d_;
  std::size_t group_;  // queries whose lists are open at once
  ScoreBound bound_;
  Panels panels_;
  Buffer<float> packed_;
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
  const NearPoints near(ctx, points, metric);
  NearLists lists(ctx, k, near, queries, count, indices, distances);
  // Few points are not worth packing, and of few columns float32 makes short work.
  const bool worth_it = !automatic || (points.rows >= 1024 && points.cols >= 32);
  // Of its own choice the coarsest that leaves few points to float64: one column larger than the others blunts int8, not bf16.
  for (const ScreenWish next : {ScreenWish::int8, ScreenWish::bf16}) {
    if (!worth_it || (!automatic && wish != next)) continue;
    const simd::ScreenKernels* const kernels = simd::screen_kernels(choose_screen(k, next, points.rows, points.cols), k.level);
    if (!kernels) continue;
    NearScreen search(ctx, k, *kernels, near, lists, count);
    if (automatic && !search.sharp_enough()) continue;
    search.run();
    out.screen = kernels->screen;
    out.rechecked_share = lists.crowded_share();
    return out;
  }
  Search(ctx, k, near, lists, count).run();
  out.rechecked_share = lists.crowded_share();
  return out;
}

}  // namespace matomari
