#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace matomari {

// A point whose distance to the query is known in float64.
struct Scored {
  double value;  // ascending is nearer
  double blur;   // how far float64 may be off
  std::int32_t index;
};

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
  // True when the limit has come down.
  bool add(const Scored& s) {
    if (s.value - s.blur > limit_) return false;
    list_.push_back(s);
    if (list_.size() < capacity_) return false;
    prune();
    return true;
  }
  std::vector<Scored>& finish() {
    prune();
    return list_;
  }

  // Points that wait to be measured, four at a time.
  std::int32_t queue[4];
  std::uint32_t waiting = 0;
  std::size_t seen = 0;

 private:
  void prune() {
    if (list_.size() < count_) return;
    const auto kth = list_.begin() + static_cast<std::ptrdiff_t>(count_ - 1);
    std::nth_element(list_.begin(), kth, list_.end(), [](const Scored& a, const Scored& b) { return a.value + a.blur < b.value + b.blur; });
    limit_ = std::min(limit_, kth->value + kth->blur);
    std::erase_if(list_, [&](const Scored& s) { return s.value - s.blur > limit_; });
    // Many that float64 cannot tell apart: let the list grow rather than prune at every step.
    capacity_ = std::max(count_ + count_ / 2 + 8, list_.size() + list_.size() / 2);
  }

  std::size_t count_ = 0, capacity_ = 0;
  double limit_ = 0;
  std::vector<Scored> list_;
};

}  // namespace matomari
