#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "nearest/neighbour.h"

namespace matomari {

// The nearest points of one query so far: all that could be among the `count` nearest of those added.
class Nearby {
 public:
  void reset(std::size_t count) {
    count_ = count;
    capacity_ = 2 * count + 16;
    list_.clear();
    limit_ = std::numeric_limits<double>::infinity();
    seen = 0;
    waiting = 0;
  }
  // No point whose true value is above this can be among them.
  double limit() const noexcept { return limit_; }

  // True when the limit has come down. `nearer` orders two points exactly.
  template <class Nearer>
  bool add(const Scored& s, Nearer&& nearer) {
    if (s.value - s.blur > limit_) return false;
    list_.push_back(s);
    if (list_.size() < capacity_) return false;
    prune();
    // Many that float64 cannot tell apart: the exact order decides, so that the list cannot grow without end.
    if (list_.size() > count_ + kCrowd) sort(nearer);
    capacity_ = std::max(count_ + count_ / 2 + 8, list_.size() + list_.size() / 2);
    return true;
  }

  // The `count` nearest, nearest first.
  template <class Nearer>
  const std::vector<Scored>& finish(Nearer&& nearer) {
    prune();
    sort(nearer);
    return list_;
  }

  // Points that wait to be measured, four at a time, and how many have been.
  std::int32_t queue[4];
  std::uint32_t waiting = 0;
  std::size_t seen = 0;

 private:
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
