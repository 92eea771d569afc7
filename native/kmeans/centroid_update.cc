#include "kmeans/centroid_update.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "core/buffer.h"
#include "core/parallel.h"
#include "kmeans/row_sums.h"

namespace matomari {

CentroidUpdate::CentroidUpdate(core::Context& ctx, const simd::Kernels& k, const KMeansData& data, std::size_t clusters,
                               const double* factor, const double* largest, double largest_weight)
    : ctx_(ctx), k_(k), data_(data), clusters_(clusters), sums_(k, data.points, factor, clusters, largest),
      weights_(largest_weight, data.points.rows), weight_(clusters, 0) {}

void CentroidUpdate::open() {
  sums_.open(ctx_.threads());
  gained_.resize(ctx_.threads());
  moved_ = false;
}

void CentroidUpdate::note(unsigned slot, const std::vector<Move>& moves) {
  if (moves.empty()) return;
  sums_.note(slot, moves);
  std::vector<std::int64_t>& gained = gained_[slot];
  gained.resize(clusters_);
  for (const Move& m : moves) {
    const std::int64_t w = weights_.term(data_.weight_of(m.row));
    if (m.from >= 0) gained[static_cast<std::size_t>(m.from)] -= w;
    gained[static_cast<std::size_t>(m.to)] += w;
  }
}

void CentroidUpdate::collect() {
  sums_.collect(ctx_);
  for (std::vector<std::int64_t>& gained : gained_) {
    moved_ = moved_ || !gained.empty();
    for (std::size_t j = 0; j < gained.size(); ++j) weight_[j] += gained[j];
    gained.clear();
  }
}

void CentroidUpdate::place(const std::int32_t* labels, const double* previous, double* centroids) {
  std::vector<std::int64_t> weight = weight_;
  std::vector<Move> borrowed = relocate(labels, previous, weight);
  sums_.apply(ctx_, borrowed);
  average(weight, previous, centroids);
  for (Move& m : borrowed) std::swap(m.from, m.to);
  sums_.apply(ctx_, borrowed);
}

// An empty cluster takes over the point that lies farthest from its centroid, for this iteration's means only.
std::vector<Move> CentroidUpdate::relocate(const std::int32_t* labels, const double* previous, std::vector<std::int64_t>& weight) const {
  std::vector<std::size_t> empty;
  for (std::size_t j = 0; j < clusters_; ++j)
    if (weight[j] == 0) empty.push_back(j);
  std::vector<Move> moves;
  if (empty.empty()) return moves;
  const std::size_t n = data_.points.rows, d = data_.points.cols;
  core::Buffer<double> far(n);
  core::parallel_for(ctx_, n, 960, [&](std::size_t begin, std::size_t end, unsigned) {
    squared_distances(k_, data_, begin, end, std::identity{}, [&](std::size_t i) { return previous + static_cast<std::size_t>(labels[i]) * d; },
                      far.data());
  });
  const std::size_t wanted = std::min(empty.size(), n);
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(wanted), order.end(),
                    [&](std::size_t a, std::size_t b) { return far[a] != far[b] ? far[a] > far[b] : a < b; });
  // Every point on its centroid: more clusters than different points, and nothing to be gained.
  if (far[order[0]] == 0) return moves;
  for (std::size_t e = 0; e < wanted; ++e) {
    const std::size_t i = order[e];
    const std::int64_t w = weights_.term(data_.weight_of(i));
    moves.push_back({i, labels[i], static_cast<std::int32_t>(empty[e])});
    weight[static_cast<std::size_t>(labels[i])] -= w;
    weight[empty[e]] = w;
  }
  return moves;
}

// Means of the clusters. One that is still without weight stands where the heaviest does.
void CentroidUpdate::average(const std::vector<std::int64_t>& weight, const double* previous, double* centroids) const {
  const std::size_t d = data_.points.cols;
  const auto heaviest = static_cast<std::size_t>(std::max_element(weight.begin(), weight.end()) - weight.begin());
  auto place = [&](std::size_t j) {
    double* const c = centroids + j * d;
    const double w = weights_.value(weight[j]);
    for (std::size_t l = 0; l < d; ++l) c[l] = sums_.sum(j, l) / w;
    // Directions that cancel leave no mean direction: the cluster keeps the one it had.
    if (data_.inverse_norm && !bring_to_unit_length(c, d)) std::copy_n(previous + j * d, d, c);
  };
  core::parallel_for(ctx_, clusters_, 16, [&](std::size_t begin, std::size_t end, unsigned) {
    for (std::size_t j = begin; j < end; ++j)
      if (weight[j] > 0 || j == heaviest) place(j);
  });
  for (std::size_t j = 0; j < clusters_; ++j)
    if (weight[j] <= 0 && j != heaviest) std::copy_n(centroids + heaviest * d, d, centroids + j * d);
}

}  // namespace matomari
