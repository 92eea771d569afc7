#include "nearest/near_lists.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/parallel.h"
#include "distances/distances.h"
#include "nearest/assign.h"

namespace matomari {

namespace {
double inverse(double square) noexcept { return square > 0 ? 1 / std::sqrt(square) : 0.0; }
}  // namespace

NearPoints::NearPoints(core::Context& ctx, core::ConstMatrix points, Metric by)
    : matrix(points), metric(by), squares(points.rows), scale(by == Metric::cosine ? points.rows : 0), shift(points.cols, 0.0f) {
  squared_norms(ctx, points, squares.data());
  for (std::size_t j = 0; j < scale.size(); ++j) scale[j] = inverse(squares[j]);
  if (by != Metric::dot) column_means(ctx, points, scale.size() ? scale.data() : nullptr, shift.data());
}

double NearPoints::target(std::size_t j, double* out) const noexcept {
  const float* const c = row(j);
  const double by = metric == Metric::cosine ? scale[j] : 1.0;
  for (std::size_t l = 0; l < matrix.cols; ++l) out[l] = static_cast<double>(c[l]) * by - static_cast<double>(shift[l]);
  // Cosine is screened as ½‖x − c‖² of unit vectors, ½ + ½ − cos; a zero point lacks the half of its length.
  return by == 0 ? 0.5 : 0.0;
}

NearLists::NearLists(core::Context& ctx, const simd::Kernels& k, const NearPoints& points, core::ConstMatrix queries,
                     std::size_t count, std::int32_t* indices, float* distances)
    : ctx_(ctx), k_(k), points_(points), queries_(queries), count_(count), indices_(indices), distances_(distances),
      factor_(points.metric == Metric::euclidean || points.metric == Metric::sqeuclidean ? 2 : 1),
      bound_(k, points.metric, points.matrix.cols), scale_(points.metric == Metric::cosine ? queries.rows : 0) {}

void NearLists::open(std::size_t first, std::size_t rows) {
  constexpr std::size_t kRows = 64;
  open_.resize(rows);
  core::parallel_for(ctx_, rows, kRows, [&](std::size_t begin, std::size_t end, unsigned) {
    const float* x[kRows] = {};
    double square[kRows];
    for (std::size_t i = begin; i < end; ++i) x[i - begin] = queries_.row(first + i);
    k_.products64(x, x, end - begin, queries_.cols, square);
    for (std::size_t i = begin; i < end; ++i) {
      Query& query = open_[i];
      query.row = first + i;
      query.square = square[i - begin];
      query.narrowed = query.measured = 0;
      query.nearby.reset(count_);
      if (points_.metric == Metric::cosine) scale_[first + i] = inverse(query.square);
    }
  });
}

// ‖x − c‖² = 2 · score + ‖x'‖², which for cosine is twice the distance; by `dot` the score is the value. A query without
// direction lacks the half of its length, as such a point does.
void NearLists::tell(std::size_t i, const Extent& extent, double error) noexcept {
  Query& query = open_[i];
  query.extent = extent;
  query.base_low = query.base_high = 0;
  if (points_.metric == Metric::dot) return;
  const double rest = points_.metric == Metric::cosine && query.square == 0 ? 0.5 : 0.0;
  query.base_low = factor_ / 2 * least_square(extent, error, queries_.cols) + rest;
  query.base_high = factor_ / 2 * most_square(extent, error) + rest;
}

bool NearLists::take(std::size_t i, std::size_t point, double low, double high, core::ExactSum& exact) {
  Query& query = open_[i];
  const double least = factor_ * low + query.base_low, most = factor_ * high + query.base_high;
  const bool known = most - least < 1e37;
  // The middle is rounded, which the half of the width allows for.
  const Scored rough{known ? (least + most) / 2 : 0.0, known ? (most - least) * (0.5 + 1e-9) : HUGE_VAL,
                     static_cast<std::int32_t>(point), true};
  return query.nearby.add(
      rough, [&](std::vector<Scored>& list) { narrow(query, list); }, [&](std::vector<Scored>& list) { measure(query, list); },
      [&](const Scored& a, const Scored& b) { return nearer(points_.metric, points_.matrix, queries_.row(query.row), a, b, exact); });
}

// Intervals from float32 products, where those are at most half as wide.
void NearLists::narrow(Query& query, std::vector<Scored>& list) const {
  constexpr std::size_t kPairs = 64;
  const float* right[kPairs] = {};
  float product[kPairs];
  Scored* rough[kPairs];
  std::size_t count = 0;
  const auto square = [&](const Scored& s) { return points_.squares[static_cast<std::size_t>(s.index)]; };
  auto flush = [&] {
    k_.dot_each(queries_.row(query.row), right, count, queries_.cols, product);
    for (std::size_t n = 0; n < count; ++n) rough[n]->value = bound_.value(static_cast<double>(product[n]), query.square, square(*rough[n]));
    query.narrowed += std::exchange(count, 0);
  };
  for (Scored& s : list) {
    const double blur = s.rough ? bound_(query.square, square(s)) : HUGE_VAL;
    if (!(2 * blur < s.blur)) continue;
    s.blur = blur;
    rough[count] = &s;
    right[count++] = points_.row(static_cast<std::size_t>(s.index));
    if (count == kPairs) flush();
  }
  flush();
}

// Float64 distances in the place of rough ones.
void NearLists::measure(Query& query, std::vector<Scored>& list) const {
  constexpr std::size_t kPairs = 64;
  const std::size_t d = queries_.cols;
  const float* const x = queries_.row(query.row);
  const float *left[kPairs], *right[kPairs] = {};
  std::fill_n(left, kPairs, x);
  Scored* rough[kPairs];
  std::size_t count = 0;
  auto flush = [&] {
    double product[kPairs];
    k_.products64(left, right, count, d, product);
    for (std::size_t n = 0; n < count; ++n) {
      const std::int32_t j = rough[n]->index;
      *rough[n] = scored(points_.metric, x, query.square, right[n], points_.squares[static_cast<std::size_t>(j)], d, product[n], j);
    }
    query.measured += std::exchange(count, 0);
  };
  for (Scored& s : list) {
    if (!s.rough) continue;
    rough[count] = &s;
    right[count++] = points_.row(static_cast<std::size_t>(s.index));
    if (count == kPairs) flush();
  }
  flush();
}

void NearLists::answer() {
  core::parallel_for(ctx_, open_.size(), 16, [&](std::size_t begin, std::size_t end, unsigned) {
    core::ExactSum exact;
    for (std::size_t i = begin; i < end; ++i) write(open_[i], exact);
  });
}

void NearLists::write(Query& query, core::ExactSum& exact) {
  ctx_.check();
  const Metric metric = points_.metric;
  const std::vector<Scored>& found = query.nearby.finish(
      [&](std::vector<Scored>& list) { narrow(query, list); }, [&](std::vector<Scored>& list) { measure(query, list); },
      [&](const Scored& a, const Scored& b) { return nearer(metric, points_.matrix, queries_.row(query.row), a, b, exact); });
  if (query.measured > count_) crowded_.fetch_add(1, std::memory_order_relaxed);
  for (std::size_t n = 0; n < count_; ++n) {
    const double v = found[n].value;
    indices_[query.row * count_ + n] = found[n].index;
    distances_[query.row * count_ + n] = static_cast<float>(metric == Metric::euclidean ? std::sqrt(v) : metric == Metric::dot ? -v : v);
  }
}

double NearLists::crowded_share() const noexcept {
  return static_cast<double>(crowded_.load()) / static_cast<double>(queries_.rows);
}

}  // namespace matomari
