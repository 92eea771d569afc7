#pragma once
#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

namespace matomari {

// The k smallest values offered, in ascending order.
class KSmallest {
 public:
  explicit KSmallest(std::size_t k) : values_(k) {}

  void clear() noexcept { count_ = 0; }

  // The k-th smallest so far: only a smaller value is worth adding.
  double worst() const noexcept {
    return count_ == values_.size() ? values_.back() : std::numeric_limits<double>::infinity();
  }

  void add(double value) {
    if (count_ == values_.size()) --count_;
    const auto end = values_.begin() + static_cast<std::ptrdiff_t>(count_);
    const auto at = std::upper_bound(values_.begin(), end, value);
    std::move_backward(at, end, end + 1);
    *at = value;
    ++count_;
  }

 private:
  std::vector<double> values_;
  std::size_t count_ = 0;
};

}  // namespace matomari
