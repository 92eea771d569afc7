#include "nearest/centroid_search.h"

#include <algorithm>
#include <cfloat>
#include <cmath>

#include "core/parallel.h"
#include "nearest/exact.h"

namespace matomari {

using core::ConstMatrix;

CentroidSearch::CentroidSearch(const simd::Kernels& k, Metric metric, std::size_t clusters, std::size_t d,
                               const float* shift)
    : k_(k), metric_(metric), clusters_(clusters), d_(d), shift_(d, 0.0f), bound_(k, metric, d), panels_(k, clusters, d),
      panel_count_((clusters + k.panel - 1) / k.panel) {
  if (shift && metric != Metric::dot) std::copy_n(shift, d, shift_.data());
}

void CentroidSearch::set(core::Context& ctx, const double* centroids) {
  exact_centroids_ = nullptr;
  centroids_ = centroids;
  refill(ctx);
}

void CentroidSearch::set(core::Context& ctx, ConstMatrix centroids) {
  if (wide_.size() == 0) wide_ = core::Buffer<double>(clusters_ * d_);
  std::copy_n(centroids.data, clusters_ * d_, wide_.data());
  centroids_ = wide_.data();
  exact_centroids_ = metric_ == Metric::cosine ? nullptr : centroids.data;
  refill(ctx);
}

void CentroidSearch::refill(core::Context& ctx) {
  if (metric_ == Metric::cosine) {
    if (wide_.size() == 0) wide_ = core::Buffer<double>(clusters_ * d_);
    for (std::size_t j = 0; j < clusters_; ++j) {
      double square = 0;
      for (std::size_t l = 0; l < d_; ++l) square += centroids_[j * d_ + l] * centroids_[j * d_ + l];
      const double norm = std::sqrt(square);
      for (std::size_t l = 0; l < d_; ++l) wide_[j * d_ + l] = centroids_[j * d_ + l] / norm;
    }
    centroids_ = wide_.data();
  }
  core::parallel_for(ctx, panel_count_, 1, [&](std::size_t p, std::size_t, unsigned) {
    panels_.fill(p, clusters_, metric_ != Metric::dot, [&](std::size_t j, double* out) {
      for (std::size_t l = 0; l < d_; ++l) out[l] = centroids_[j * d_ + l] - static_cast<double>(shift_[l]);
      return 0.0;
    });
  });
  widest_ = {};
  highest_ = 0;
  for (std::size_t p = 0; p < panel_count_; ++p) {
    widest_.norm = std::max(widest_.norm, panels_.widest(p).norm);
    widest_.error = std::max(widest_.error, panels_.widest(p).error);
    highest_ = std::max(highest_, panels_.highest(p));
  }
}

CentroidSearch::Scratch::Scratch(const CentroidSearch& s)
    : rows(kBlock * s.leading(s.d_), 0.0f), best(kBlock * s.k_.lanes), second(kBlock * s.k_.lanes),
      stored(kRecheck * s.k_.panel), index(kBlock * s.k_.lanes), extent(kBlock), candidates(kRecheck) {
  pending.reserve(kBlock + kRecheck);
}

Extent CentroidSearch::pack(ConstMatrix points, const double* inverse_norm, std::size_t row, float* out) const {
  const bool unit = metric_ == Metric::cosine;
  const float scale = unit ? static_cast<float>(inverse_norm[row]) : 1.0f;
  return centered(k_, points.row(row), shift_.data(), scale, unit, d_, out);
}

std::size_t CentroidSearch::assign(const core::Context& ctx, ConstMatrix points, const double* inverse_norm,
                                   std::size_t begin, std::size_t end, std::int32_t* labels, Scratch& s) const {
  if (clusters_ == 1) {
    std::fill(labels + begin, labels + end, 0);
    return 0;
  }
  const std::size_t ld = leading(d_), lanes = k_.lanes;
  std::size_t rechecked = 0;
  for (std::size_t first = begin; first < end; first += kBlock) {
    const std::size_t count = std::min(kBlock, end - first);
    const std::size_t padded = (count + k_.row_tile - 1) / k_.row_tile * k_.row_tile;
    for (std::size_t i = 0; i < count; ++i) s.extent[i] = pack(points, inverse_norm, first + i, s.rows.data() + i * ld);
    std::fill_n(s.best.data(), padded * lanes, FLT_MAX);
    std::fill_n(s.second.data(), padded * lanes, FLT_MAX);
    std::fill_n(s.index.data(), padded * lanes, 0);
    for (std::size_t p = 0; p < panel_count_; ++p) {
      ctx.check();
      k_.score_best(s.rows.data(), ld, padded, panels_.panel(p), panels_.width(p), d_, panels_.offsets(p),
                    static_cast<std::int32_t>(p * panels_.width()), {s.best.data(), s.second.data(), s.index.data()});
    }
    for (std::size_t i = 0; i < count; ++i) {
      const float* best = s.best.data() + i * lanes;
      std::size_t at = 0;
      for (std::size_t v = 1; v < lanes; ++v)
        if (best[v] < best[at]) at = v;
      float second = s.second[i * lanes + at];
      for (std::size_t v = 0; v < lanes; ++v)
        if (v != at) second = std::min(second, best[v]);
      const std::int32_t label = s.index[i * lanes + at];
      const double lowest = static_cast<double>(best[at]), margin = static_cast<double>(second) - lowest;
      const double doubt = 2 * bound_(s.extent[i], widest_, highest_);
      if (margin > doubt) {
        labels[first + i] = label;
        continue;
      }
      // Without a bound the scores may be infinite or NaN, and their index one of the padding: all centroids are left.
      const auto j = static_cast<std::size_t>(label);
      const double limit = std::isinf(doubt) ? doubt : lowest + bound_(s.extent[i], panels_.extent(j), panels_.offset(j));
      s.pending.push_back({first + i, limit});
    }
    if (s.pending.size() >= kRecheck || first + kBlock >= end) {
      rechecked += s.pending.size();
      while (!s.pending.empty()) recheck(ctx, points, inverse_norm, labels, s);
    }
  }
  return rechecked;
}

// Settles up to kRecheck pending rows: scores once more, now against the bound of every single centroid, then float64.
void CentroidSearch::recheck(const core::Context& ctx, ConstMatrix points, const double* inverse_norm,
                             std::int32_t* labels, Scratch& s) const {
  const std::size_t ld = leading(d_);
  const std::size_t count = std::min(kRecheck, s.pending.size());
  const auto* pending = s.pending.data() + (s.pending.size() - count);
  const std::size_t padded = (count + k_.row_tile - 1) / k_.row_tile * k_.row_tile;
  for (std::size_t i = 0; i < count; ++i) {
    s.extent[i] = pack(points, inverse_norm, pending[i].row, s.rows.data() + i * ld);
    s.candidates[i].clear();
  }
  for (std::size_t p = 0; p < panel_count_; ++p) {
    ctx.check();
    const std::size_t width = panels_.width(p), first = p * panels_.width();
    k_.score_store(s.rows.data(), ld, padded, panels_.panel(p), width, d_, panels_.offsets(p), s.stored.data());
    const std::size_t columns = std::min(width, clusters_ - first);
    for (std::size_t i = 0; i < count; ++i) {
      const double widest = bound_(s.extent[i], panels_.widest(p), panels_.highest(p));
      for (std::size_t c = 0; c < columns; ++c) {
        const double score = static_cast<double>(s.stored[i * width + c]);
        if (score - widest > pending[i].limit) continue;
        const std::size_t j = first + c;
        if (score - bound_(s.extent[i], panels_.extent(j), panels_.offset(j)) > pending[i].limit) continue;
        s.candidates[i].push_back(static_cast<std::int32_t>(j));
      }
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    ctx.check();
    labels[pending[i].row] = decide(points.row(pending[i].row), s.candidates[i], s.exact);
  }
  s.pending.resize(s.pending.size() - count);
}

std::int32_t CentroidSearch::decide(const float* x, const std::vector<std::int32_t>& candidates,
                                    core::ExactSum& exact) const {
  if (candidates.empty()) return 0;  // only when the caller has written to the row since it was screened
  std::size_t winner = static_cast<std::size_t>(candidates.front());
  double lowest = 0, size = 0;
  for (std::size_t n = 0; n < candidates.size(); ++n) {
    const auto j = static_cast<std::size_t>(candidates[n]);
    const double* c = centroids_ + j * d_;
    double value = 0, magnitude = 0;
    if (metric_ == Metric::euclidean || metric_ == Metric::sqeuclidean) {
      magnitude = value = squared_difference(x, c, d_);
    } else {
      for (std::size_t l = 0; l < d_; ++l) {
        const double t = static_cast<double>(x[l]) * c[l];
        value -= t;
        magnitude += std::abs(t);
      }
    }
    if (n == 0) {
      lowest = value;
      size = magnitude;
      continue;
    }
    const double blur = (static_cast<double>(d_) + 8) * 0x1p-51 * (magnitude + size);
    const bool wins = exact_centroids_ && std::abs(value - lowest) <= blur
                          ? compare_exactly(metric_, x, exact_centroids_ + j * d_, exact_centroids_ + winner * d_, d_, exact) < 0
                          : value < lowest;
    if (!wins) continue;
    winner = j;
    lowest = value;
    size = magnitude;
  }
  return static_cast<std::int32_t>(winner);
}

}  // namespace matomari
