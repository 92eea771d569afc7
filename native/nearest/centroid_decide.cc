// The last word of CentroidSearch: float64 over the candidates of each row, and exact sums where that is not enough.
#include <algorithm>
#include <cfloat>
#include <cmath>
#include <utility>

#include "nearest/centroid_search.h"
#include "nearest/exact.h"

namespace matomari {

// The squared distance that belongs to a score: ‖x − c‖² = 2 · score + ‖x'‖². The extent of a packed row has the error of packing too.
double CentroidSearch::square_above(const Extent& x, double score) const noexcept { return 2 * score + most_square(x, std::max(usual_error(x.norm), low_ ? 0.0 : x.error)); }

double CentroidSearch::square_below(const Extent& x, double score) const noexcept { return 2 * score + least_square(x, std::max(usual_error(x.norm), low_ ? 0.0 : x.error), d_); }

void CentroidSearch::note(Margins margins, std::size_t row, double own, double other) noexcept {
  if (!margins.upper) return;
  const double upper = std::sqrt(std::max(0.0, own)) * (1 + 1e-6), lower = std::sqrt(std::max(0.0, other)) * (1 - 1e-6);
  // What overflows or is not a number tells nothing.
  const bool known = upper < 1e30 && lower < 1e30;
  margins.upper[row] = known ? static_cast<float>(upper) : FLT_MAX;
  margins.lower[row] = known ? static_cast<float>(lower) : 0.0f;
}

// value[i], ascending as the metric does, for the pairs left[i], right[i].
void CentroidSearch::values(Scratch& s) const {
  s.value.resize(s.left.size());
  if (metric_ == Metric::euclidean || metric_ == Metric::sqeuclidean) {
    k_.wide_differences64(s.left.data(), nullptr, s.right.data(), s.left.size(), d_, s.value.data());
    return;
  }
  k_.wide_products64(s.left.data(), s.right.data(), s.left.size(), d_, s.value.data());
  for (double& v : s.value) v = -v;
}

// Float32 scores of the first `unscored` candidates of the row that stands in s.row, of which most leave only one. Returns what the
// true score of every other centroid exceeds.
double CentroidSearch::sharpen(Scratch::Open& open, std::size_t unscored, Scratch& s) const {
  std::vector<Scratch::Candidate>& candidates = open.candidates;
  double beyond = open.limit;
  s.compared.clear();
  for (std::size_t n = 0; n < unscored; ++n) s.compared.push_back(narrow(static_cast<std::size_t>(candidates[n].index)));
  k_.dot_each(s.row.data(), s.compared.data(), unscored, d_, s.products.data());
  for (std::size_t n = 0; n < unscored; ++n) {
    const auto j = static_cast<std::size_t>(candidates[n].index);
    const double score = panels_.offset(j) - static_cast<double>(s.products[n]);
    const double error = bound_(open.extent, panels_.extent(j), panels_.offset(j));
    candidates[n].low = std::max(candidates[n].low, score - error);
    open.limit = std::min(open.limit, score + error);
  }
  std::erase_if(candidates, [&](const Scratch::Candidate& c) {
    if (!(c.low > open.limit)) return false;
    beyond = std::min(beyond, c.low);
    return true;
  });
  return beyond;
}

// Settles the rows that are ready.
void CentroidSearch::decide(const Rows& rows, std::int32_t* labels, Margins margins, Scratch& s) const {
  const std::size_t count = std::exchange(s.readied, 0);
  Scratch::Open* const open = s.ready.data();
  s.left.clear();
  s.right.clear();
  std::size_t unsettled = 0;
  for (std::size_t i = 0; i < count; ++i) {
    std::erase_if(open[i].candidates, [&](const Scratch::Candidate& c) { return c.low > open[i].limit; });
    if (open[i].candidates.size() == 1) {
      labels[open[i].row] = open[i].candidates[0].index;
      note(margins, open[i].row, square_above(open[i].extent, open[i].limit), square_below(open[i].extent, open[i].limit));
      continue;
    }
    // Ties go to the lowest index: candidates stand in its order.
    std::sort(open[i].candidates.begin(), open[i].candidates.end(), [](const auto& a, const auto& b) { return a.index < b.index; });
    for (const Scratch::Candidate& c : open[i].candidates) {
      s.left.push_back(rows.points.row(open[i].row));
      s.right.push_back(centroids_ + static_cast<std::size_t>(c.index) * d_);
    }
    std::swap(open[unsettled++], open[i]);
  }
  values(s);
  std::size_t at = 0;
  for (std::size_t i = 0; i < unsettled; ++i) {
    const std::vector<Scratch::Candidate>& candidates = open[i].candidates;
    const std::size_t row = open[i].row;
    const float* const x = rows.points.row(row);
    if (candidates.empty()) {  // only when the caller has written to the row since it was screened
      labels[row] = 0;
      note(margins, row, DBL_MAX, 0);
      continue;
    }
    std::size_t winner = static_cast<std::size_t>(candidates.front().index);
    double lowest = s.value[at], next = DBL_MAX;
    // At most the sum of the magnitudes of a value's terms.
    auto size = [&](std::size_t j, double value) { return metric_ == Metric::dot ? open[i].extent.norm * panels_.extent(j).norm : value; };
    for (std::size_t n = 1; n < candidates.size(); ++n) {
      const auto j = static_cast<std::size_t>(candidates[n].index);
      const double value = s.value[at + n], blur = value_blur(d_, size(j, value) + size(winner, lowest));
      const bool wins = exact_centroids_ && std::abs(value - lowest) <= blur
                            ? compare_exactly(metric_, x, exact_centroids_ + j * d_, exact_centroids_ + winner * d_, d_, s.exact) < 0
                            : value < lowest;
      next = std::min(next, wins ? lowest : value);
      if (!wins) continue;
      winner = j;
      lowest = value;
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
