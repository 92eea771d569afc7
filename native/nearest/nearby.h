#pragma once
#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

#include "nearest/neighbour.h"

namespace matomari {

// The nearest points of one query so far: all that could be among the `count` nearest of those added. What a screen tells of
// them will do while they are few; where it leaves many they are measured, so that the limit is sharp however blunt it is.
class Nearby {
 public:
  void reset(std::size_t count) {
    count_ = count;
    capacity_ = 2 * count + 32;
    list_.clear();
    limit_ = std::numeric_limits<double>::infinity();
  }
  // No point whose true value is above this can be among them.
  double limit() const noexcept { return limit_; }

  // True when the limit has come down. `measure` puts float64 values in the place of rough ones, `nearer` orders two points
  // exactly.
  template <class Measure, class Nearer>
  bool add(const Scored& s, Measure&& measure, Nearer&& nearer) {
    if (s.value - s.blur > limit_) return false;
    list_.push_back(s);
    if (list_.size() < capacity_) return false;
    prune();
    if (list_.size() > 2 * count_ + kRough) {
      measure(list_);
      prune();
    }
    // Many that float64 cannot tell apart: the exact order decides, so that the list cannot grow without end.
    if (list_.size() > count_ + kCrowd) {
      measure(list_);
      sort(nearer);
    }
    capacity_ = std::max(2 * count_ + 32, list_.size() + list_.size() / 2);
    return true;
  }

  // The `count` nearest, nearest first.
  template <class Measure, class Nearer>
  const std::vector<Scored>& finish(Measure&& measure, Nearer&& nearer) {
    prune();
    measure(list_);
    prune();
    sort(nearer);
    return list_;
  }

 private:
  static constexpr std::size_t kRough = 16;  // points beyond twice `count` that may stay unmeasured
  static constexpr std::size_t kCrowd = 384;

  void prune() {
    if (list_.size() <= count_) return;
    const auto kth = list_.begin() + static_cast<std::ptrdiff_t>(count_ - 1);
    std::nth_element(list_.begin(), kth, list_.end(),
                     [](const Scored& a, const Scored& b) { return a.value + a.blur < b.value + b.blur; });
    limit_ = std::min(limit_, kth->value + kth->blur);
    std::erase_if(list_, [&](const Scored& s) { return s.value - s.blur > limit_; });
  }

  template <class Nearer>
  void sort(Nearer&& nearer) {
    const auto last = list_.begin() + static_cast<std::ptrdiff_t>(std::min(count_, list_.size()));
    std::partial_sort(list_.begin(), last, list_.end(), nearer);
    list_.erase(last, list_.end());
  }

  std::size_t count_ = 0, capacity_ = 0;
  double limit_ = 0;
  std::vector<Scored> list_;
};

}  // namespace matomari
