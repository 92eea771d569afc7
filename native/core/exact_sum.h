#pragma once
#include <vector>

namespace matomari::core {

// The sign of a sum of doubles in real arithmetic. Keeps the sum as a list of doubles whose bits do not overlap
// (Shewchuk: Adaptive precision floating-point arithmetic, 1997, grow-expansion). The terms and their sum must stay
// far from overflow, which products of float32 numbers do.
class ExactSum {
 public:
  void clear() noexcept { parts_.clear(); }

  void add(double x) {
    std::size_t kept = 0;
    for (double y : parts_) {
      const double sum = x + y;
      const double bb = sum - x;
      const double error = (x - (sum - bb)) + (y - bb);
      if (error != 0) parts_[kept++] = error;
      x = sum;
    }
    parts_.resize(kept);
    if (x != 0) parts_.push_back(x);
  }

  // The last part is the largest and outweighs all others.
  int sign() const noexcept { return parts_.empty() ? 0 : parts_.back() > 0 ? 1 : -1; }

 private:
  std::vector<double> parts_;
};

}  // namespace matomari::core
