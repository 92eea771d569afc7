#include "kmeans/label_bounds.h"

#include <algorithm>
#include <cfloat>
#include <cmath>

#include "distances/pair.h"
#include "nearest/screen_panels.h"

namespace matomari {

LabelBounds::LabelBounds(std::size_t rows, std::size_t clusters, std::size_t d)
    : clusters_(clusters), d_(d), upper_(rows, FLT_MAX), lower_(rows, 0.0f), centroids_(clusters * d, 0.0), step_(clusters + 1) {}

void LabelBounds::reset() {
  std::fill(upper_.begin(), upper_.end(), FLT_MAX);
  std::fill(lower_.begin(), lower_.end(), 0.0f);
  known_ = false;
}

void LabelBounds::follow(const double* centroids) {
  step_.assign(clusters_ + 1, {HUGE_VALF, HUGE_VALF});
  std::size_t farthest = 0;
  double largest = 0, second = 0;
  for (std::size_t j = 0; known_ && j < clusters_; ++j) {
    // Centroids of length 1 are so to within float64 rounding only.
    const double shift = std::sqrt(squared_difference(centroids + j * d_, centroids_.data() + j * d_, d_)) * (1 + 1e-9) + 1e-12;
    step_[j + 1].away = at_least(shift);
    if (shift > largest) {
      second = largest;
      largest = shift;
      farthest = j;
    } else {
      second = std::max(second, shift);
    }
  }
  for (std::size_t j = 0; known_ && j < clusters_; ++j) step_[j + 1].toward = at_least(j == farthest ? second : largest);
  std::copy_n(centroids, clusters_ * d_, centroids_.data());
  known_ = true;
}

// ‖x − c‖² = 2 · score + ‖x'‖².
void LabelBounds::note(std::size_t row, const Extent& x, double own, double other) noexcept {
  const double above = 2 * own + most_square(x, usual_error(x.norm)), below = 2 * other + least_square(x, usual_error(x.norm), d_);
  const double upper = std::sqrt(std::max(0.0, above)) * (1 + 1e-6), lower = std::sqrt(std::max(0.0, below)) * (1 - 1e-6);
  // What overflows or is not a number tells nothing.
  const bool known = upper < 1e18 && below > 0;
  upper_[row] = known ? static_cast<float>(upper) : FLT_MAX;
  lower_[row] = known ? static_cast<float>(std::min(lower, 1e18)) : 0.0f;
}

// Without branches, which would guess wrong for many rows. The factors outweigh the roundings of a step, so that no bound is ever
// less than safe; bounds of rows that are listed are found anew.
void LabelBounds::keep(std::size_t begin, std::size_t end, const std::int32_t* previous, std::int32_t* labels,
                       std::vector<std::uint32_t>& others) {
  others.resize(end - begin);
  std::size_t count = 0;
  for (std::size_t i = begin; i < end; ++i) {
    const Step& step = step_[static_cast<std::size_t>(previous[i] + 1)];
    const float upper = (upper_[i] + step.away) * (1 + 1e-6f), lower = (lower_[i] - step.toward) * (1 - 1e-6f);
    upper_[i] = upper;
    lower_[i] = lower;
    labels[i] = previous[i];
    // Distances of unit vectors are compared by float64 products, which know their squares to a multiple of d · 2^-53.
    const bool kept = (upper < 1e18f) & (lower > upper * (1 + 1e-5f)) & ((lower - upper) * (lower + upper) > 1.01e-9f);
    others[count] = static_cast<std::uint32_t>(i);
    count += kept ? 0 : 1;
  }
  others.resize(count);
}

}  // namespace matomari
