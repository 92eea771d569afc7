#include "kmeans/label_bounds.h"

#include <algorithm>
#include <cfloat>
#include <cmath>

#include "distances/pair.h"

namespace matomari {

LabelBounds::LabelBounds(std::size_t rows, std::size_t clusters, std::size_t d)
    : clusters_(clusters), d_(d), upper_(rows, FLT_MAX), lower_(rows, 0.0f), centroids_(clusters * d, 0.0), shift_(clusters, 0.0) {}

void LabelBounds::reset() {
  std::fill(upper_.begin(), upper_.end(), FLT_MAX);
  std::fill(lower_.begin(), lower_.end(), 0.0f);
  known_ = false;
}

void LabelBounds::follow(const double* centroids) {
  largest_ = second_ = 0;
  farthest_ = 0;
  for (std::size_t j = 0; known_ && j < clusters_; ++j) {
    // Centroids of length 1 are so to within float64 rounding only.
    const double shift = std::sqrt(squared_difference(centroids + j * d_, centroids_.data() + j * d_, d_)) * (1 + 1e-9) + 1e-12;
    shift_[j] = shift;
    if (shift > largest_) {
      second_ = largest_;
      largest_ = shift;
      farthest_ = j;
    } else {
      second_ = std::max(second_, shift);
    }
  }
  std::copy_n(centroids, clusters_ * d_, centroids_.data());
  known_ = true;
}

// ‖x − c‖² = 2 · score + ‖x'‖².
void LabelBounds::note(std::size_t row, const Extent& x, double own, double other) noexcept {
  const double above = 2 * own + x.norm * x.norm, below = 2 * other + least_square(x, usual_error(x.norm), d_);
  const double upper = std::sqrt(std::max(0.0, above)) * (1 + 1e-6), lower = std::sqrt(std::max(0.0, below)) * (1 - 1e-6);
  // What overflows or is not a number tells nothing.
  const bool known = upper < 1e18 && below > 0;
  upper_[row] = known ? static_cast<float>(upper) : FLT_MAX;
  lower_[row] = known ? static_cast<float>(std::min(lower, 1e18)) : 0.0f;
}

bool LabelBounds::keeps(std::size_t row, std::int32_t label) {
  if (label < 0) return false;
  const auto j = static_cast<std::size_t>(label);
  const double upper = static_cast<double>(upper_[row]) + shift_[j];
  const double lower = static_cast<double>(lower_[row]) - (j == farthest_ ? second_ : largest_);
  if (!(upper < 1e18 && lower > upper * (1 + 1e-5))) return false;
  // Distances of unit vectors are compared by float64 products, which know them to a multiple of d · 2^-53.
  if (lower * lower - upper * upper < 1e-9) return false;
  upper_[row] = static_cast<float>(upper * (1 + 1e-6));
  lower_[row] = static_cast<float>(lower * (1 - 1e-6));
  return true;
}

}  // namespace matomari
