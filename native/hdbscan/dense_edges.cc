#include "hdbscan/dense_edges.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/parallel.h"
#include "nearest/assign.h"

namespace matomari::density {

namespace {

constexpr double kNone = std::numeric_limits<double>::infinity();

}  // namespace

DenseEdges::DenseEdges(core::Context& ctx, const simd::Kernels& k, const Space& space, const Neighbours& neighbours,
                       const double* core)
    : k_(k), space_(space), neighbours_(neighbours), core_(core), n_(space.size()), d_(space.dims()),
      bound_(k, space.inverse_norm() ? Metric::cosine : Metric::euclidean, d_),
      shift_(d_), panels_(k, std::min(n_, kPart), d_),
      packed_((std::min(n_, kGroup) + k.row_tile) * leading(), 0.0f),
      scores_(ctx.threads() * kBlock * panels_.width()) {
  column_means(ctx, space.points(), space.inverse_norm(), shift_.data());
}

void DenseEdges::find(core::Context& ctx, const Round& round) {
  std::vector<std::uint8_t> open(round.asking.size());
  std::vector<Offer> known(round.asking.size());
  core::parallel_for(ctx, round.asking.size(), 1024, [&](std::size_t from, std::size_t to, unsigned) {
    for (std::size_t a = from; a < to; ++a) {
      const auto i = static_cast<std::size_t>(round.asking[a]);
      bool enough = false;
      known[a] = among_neighbours(i, round, enough);
      if (known[a].to >= 0) round.lower(round.component[i], known[a].weight);
      open[a] = !enough;
      if (enough) round.settle(i, known[a]);
    }
  });
  queries_.clear();
  const auto search = [&] {
    if (queries_.empty()) return;
    core::parallel_for(ctx, queries_.size(), kBlock, [&](std::size_t from, std::size_t to, unsigned) {
      for (std::size_t q = from; q < to; ++q) pack(ctx, queries_[q], packed_.data() + q * leading());
    });
    for (std::size_t first = 0; first < n_; first += kPart) screen(ctx, round, first, std::min(kPart, n_ - first));
    for (const Query& query : queries_) round.settle(query.point, query.best);
    queries_.clear();
  };
  for (std::size_t a = 0; a < round.asking.size(); ++a) {
    const auto i = static_cast<std::size_t>(round.asking[a]);
    if (!open[a] || round.floor[i] > round.bound[round.component[i]].load(std::memory_order_relaxed)) continue;
    queries_.push_back({i, known[a], {}, 0});
    if (queries_.size() == kGroup) search();
  }
  search();
}

// The best edge to one of the nearest neighbours, and whether it comes before all edges to others. Those lie no nearer
// than the last neighbour, but for the rounding of float64, in which the neighbours were put in order.
Offer DenseEdges::among_neighbours(std::size_t i, const Round& round, bool& enough) const noexcept {
  Offer best{kNone, kNone};
  double farthest = 0;
  const std::int32_t* const list = neighbours_.indices.data() + i * neighbours_.count;
  for (std::size_t c = 0; c < neighbours_.count; ++c) {
    const std::int32_t j = list[c];
    const double squared = space_.squared(i, static_cast<std::size_t>(j));
    farthest = std::max(farthest, squared);
    if (round.component[j] != round.component[i]) weigh(i, j, squared, best);
  }
  const double slack = (static_cast<double>(d_) + 16) * 0x1p-50;
  const double beyond = farthest * (1 - slack) - (space_.cosine() ? slack : 0.0);
  enough = neighbours_.count == n_ || best.weight < std::max(core_[i], space_.scaled(beyond));
  return best;
}

// Takes the edge from i to j if it comes before the best so far.
void DenseEdges::weigh(std::size_t i, std::int32_t j, double squared, Offer& best) const noexcept {
  const double weight = std::max({core_[i], core_[j], space_.scaled(squared)});
  if (weight > best.weight) return;
  const double lesser = std::min(core_[i], core_[j]);
  if (weight == best.weight && (lesser > best.core || (lesser == best.core && j > best.to))) return;
  best = {weight, lesser, j};
}

void DenseEdges::pack(core::Context& ctx, Query& query, float* out) const {
  ctx.check();
  const bool unit = space_.cosine();
  const float scale = unit ? static_cast<float>(space_.inverse_norm()[query.point]) : 1.0f;
  query.extent = centered(k_, space_.points().row(query.point), shift_.data(), scale, unit, d_, out);
  query.square = 0;
  for (std::size_t l = 0; l < d_; ++l) {
    const double t = space_.coordinate(query.point, l) - static_cast<double>(shift_[l]);
    query.square += t * t;
  }
}

void DenseEdges::screen(core::Context& ctx, const Round& round, std::size_t first, std::size_t points) {
  const std::size_t width = panels_.width(), count = (points + width - 1) / width;
  core::parallel_for(ctx, count, 4, [&](std::size_t from, std::size_t to, unsigned) {
    for (std::size_t p = from; p < to; ++p)
      panels_.fill(p, points, true, [&](std::size_t j, double* out) {
        for (std::size_t l = 0; l < d_; ++l)
          out[l] = space_.coordinate(first + j, l) - static_cast<double>(shift_[l]);
        return 0.0;
      });
  });
  core::parallel_for(ctx, queries_.size(), kBlock, [&](std::size_t from, std::size_t to, unsigned slot) {
    float* const scores = scores_.data() + slot * kBlock * width;
    const std::size_t padded = (to - from + k_.row_tile - 1) / k_.row_tile * k_.row_tile;
    for (std::size_t p = 0; p < count; ++p) {
      ctx.check();
      k_.score_store(packed_.data() + from * leading(), leading(), padded, panels_.panel(p), panels_.width(p), d_,
                     panels_.offsets(p), scores);
      const std::size_t columns = std::min(width, points - p * width);
      for (std::size_t q = from; q < to; ++q)
        take(queries_[q], round, scores + (q - from) * panels_.width(p), p, columns, first + p * width);
    }
  });
}

// Half the squared distance is score + ½ · square: what the screen cannot prove to be too much is weighed.
void DenseEdges::take(Query& query, const Round& round, const float* scores, std::size_t p, std::size_t columns,
                      std::size_t first) const noexcept {
  const std::size_t i = query.point;
  const std::int32_t own = round.component[i];
  Offer& best = query.best;
  const double limit = std::min(best.weight, round.bound[own].load(std::memory_order_relaxed));
  if (core_[i] > limit) return;
  const double slack = (static_cast<double>(d_) + 16) * 0x1p-50;
  const double reach = limit == kNone ? kNone : space_.unscaled(limit) * (1 + slack);
  const double widest = bound_(query.extent, panels_.widest(p), panels_.highest(p));
  const double edge = (reach - query.square) / 2 + widest;
  // Rounded up a little, so that the float32 comparison never drops what the exact one below would keep.
  const float highest = std::nextafter(static_cast<float>(edge + 1e-6 * (std::abs(edge) + query.square)),
                                       std::numeric_limits<float>::infinity());
  bool any = false;
  for (std::size_t c = 0; c < columns; ++c) any |= !(scores[c] > highest);
  if (!any) return;
  for (std::size_t c = 0; c < columns; ++c) {
    const std::size_t j = first + c;
    if (scores[c] > highest || round.component[j] == own) continue;
    const std::size_t column = p * panels_.width() + c;
    const double error = bound_(query.extent, panels_.extent(column), panels_.offset(column));
    double least = (2 * (static_cast<double>(scores[c]) - error) + query.square) * (1 - slack);
    if (!(least > 0)) least = 0;
    const double lightest = std::max({core_[i], core_[j], space_.scaled(least)});
    if (lightest > limit || lightest > best.weight) continue;
    const auto row = static_cast<std::int32_t>(j);
    const double lesser = std::min(core_[i], core_[j]);
    if (lightest == best.weight && (lesser > best.core || (lesser == best.core && row >= best.to))) continue;
    weigh(i, row, space_.squared(i, j), best);
    if (best.to >= 0) round.lower(own, best.weight);
  }
}

}  // namespace matomari::density
