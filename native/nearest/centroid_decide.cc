// The last word of CentroidSearch: float64 over the candidates of each row, and exact sums where that is not enough.
#include <algorithm>
#include <cfloat>
#include <cmath>

#include "nearest/centroid_search.h"
#include "nearest/exact.h"

namespace matomari {

// The squared distance that belongs to a score: ‖x − c‖² = 2 · score + ‖x'‖². An extent bounds ‖x'‖ from above.
double CentroidSearch::square_above(const Extent& x, double score) const noexcept { return 2 * score + x.norm * x.norm; }

double CentroidSearch::square_below(const Extent& x, double score) const noexcept { return 2 * score + least_square(x, std::max(usual_error(x.norm), low_ ? 0.0 : x.error), d_); }

void CentroidSearch::note(Margins margins, std::size_t row, double own, double other) noexcept {
  if (!margins.upper) return;
  const double upper = std::sqrt(std::max(0.0, own)) * (1 + 1e-6), lower = std::sqrt(std::max(0.0, other)) * (1 - 1e-6);
  // What overflows or is not a number tells nothing.
  const bool known = upper < 1e30 && lower < 1e30;
  margins.upper[row] = known ? static_cast<float>(upper) : FLT_MAX;
  margins.lower[row] = known ? static_cast<float>(lower) : 0.0f;
}

// value[i], ascending as the metric does, for the pairs left[i], right[i]; for products also the sum of their magnitudes.
// Four pairs at once: a sum in index order waits for each addition, and four of them do not wait for one another.
void CentroidSearch::values(Scratch& s) const {
  const std::size_t pairs = s.left.size();
  s.value.resize(pairs);
  s.magnitude.resize(pairs);
  for (std::size_t i = 0; i < pairs; i += 4) {
    const std::size_t last = pairs - 1;
    const float* const x[4] = {s.left[i], s.left[std::min(i + 1, last)], s.left[std::min(i + 2, last)], s.left[std::min(i + 3, last)]};
    const double* const c[4] = {s.right[i], s.right[std::min(i + 1, last)], s.right[std::min(i + 2, last)], s.right[std::min(i + 3, last)]};
    double value[4] = {}, magnitude[4] = {};
    if (metric_ == Metric::euclidean || metric_ == Metric::sqeuclidean) {
      squared_difference4(x, c, d_, value);
      std::copy_n(value, 4, magnitude);
    } else {
      for (std::size_t l = 0; l < d_; ++l)
        for (std::size_t v = 0; v < 4; ++v) {
          const double t = static_cast<double>(x[v][l]) * c[v][l];
          value[v] -= t;
          magnitude[v] += std::abs(t);
        }
    }
    for (std::size_t v = 0; v < std::min<std::size_t>(4, pairs - i); ++v) {
      s.value[i + v] = value[v];
      s.magnitude[i + v] = magnitude[v];
    }
  }
}

void CentroidSearch::decide(const Rows& rows, Scratch::Open* open, std::size_t count, std::int32_t* labels,
                            Margins margins, Scratch& s) const {
  s.left.clear();
  s.right.clear();
  for (std::size_t i = 0; i < count; ++i)
    for (const Scratch::Candidate& c : open[i].candidates) {
      s.left.push_back(rows.points.row(open[i].row));
      s.right.push_back(centroids_ + static_cast<std::size_t>(c.index) * d_);
    }
  if (!s.left.empty()) values(s);
  std::size_t at = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::vector<Scratch::Candidate>& candidates = open[i].candidates;
    const std::size_t row = open[i].row;
    const float* const x = rows.points.row(row);
    if (candidates.empty()) {  // only when the caller has written to the row since it was screened
      labels[row] = 0;
      note(margins, row, DBL_MAX, 0);
      continue;
    }
    std::size_t winner = static_cast<std::size_t>(candidates.front().index);
    double lowest = s.value[at], size = s.magnitude[at], next = DBL_MAX;
    for (std::size_t n = 1; n < candidates.size(); ++n) {
      const auto j = static_cast<std::size_t>(candidates[n].index);
      const double value = s.value[at + n], magnitude = s.magnitude[at + n];
      const double blur = value_blur(d_, magnitude + size);
      const bool wins = exact_centroids_ && std::abs(value - lowest) <= blur
                            ? compare_exactly(metric_, x, exact_centroids_ + j * d_, exact_centroids_ + winner * d_, d_, s.exact) < 0
                            : value < lowest;
      next = std::min(next, wins ? lowest : value);
      if (!wins) continue;
      winner = j;
      lowest = value;
      size = magnitude;
    }
    at += candidates.size();
    labels[row] = static_cast<std::int32_t>(winner);
    const bool unit = metric_ == Metric::cosine;
    auto square = [&](double value) { return unit ? 2 + 2 * value * rows.inverse_norm[row] : value; };
    // No float64 rounding of unit vectors comes near 1e-9.
    const double blur = unit ? 1e-9 : 0.0;
    const double others = square_below(open[i].extent, open[i].limit);
    note(margins, row, square(lowest) + blur, next < DBL_MAX ? std::min(square(next) - blur, others) : others);
  }
}

}  // namespace matomari
