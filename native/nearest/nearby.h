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
    ends_.clear();
    ends_.reserve(count);
    limit_ = std::numeric_limits<double>::infinity();
  }
  // No point whose true value is above this can be among them.
  double limit() const noexcept { return limit_; }

  // True when the limit has come down. `narrow` makes the intervals of rough values narrower at a low price, `measure` puts float64
  // values in their place, `nearer` orders two points exactly.
  template <class Narrow, class Measure, class Nearer>
  bool add(const Scored& s, Narrow&& narrow, Measure&& measure, Nearer&& nearer) {
    if (s.value - s.blur > limit_) return false;
    list_.push_back(s);
    const bool fell = offer(s.value + s.blur);
    if (list_.size() < capacity_) return fell;
    prune();
    if (list_.size() > 2 * count_ + kRough) sharpen(narrow);
    if (list_.size() > 2 * count_ + kRough) sharpen(measure);
    // Many that float64 cannot tell apart: the exact order decides, so that the list cannot grow without end.
    if (list_.size() > count_ + kCrowd) {
      sharpen(measure);
      sort(nearer);
    }
    capacity_ = std::max(2 * count_ + 32, list_.size() + list_.size() / 2);
    return true;
  }

  // The `count` nearest, nearest first.
  template <class Narrow, class Measure, class Nearer>
  const std::vector<Scored>& finish(Narrow&& narrow, Measure&& measure, Nearer&& nearer) {
    prune();
    sharpen(narrow);
    sharpen(measure);
    sort(nearer);
    return list_;
  }

 private:
  static constexpr std::size_t kRough = 16;  // points beyond twice `count` that may stay unmeasured
  static constexpr std::size_t kCrowd = 384;

  // Takes the upper end of a point's interval into the `count` lowest, a heap whose greatest is the limit. True when that came down.
  bool offer(double end) {
    if (ends_.size() < count_) {
      ends_.push_back(end);
      std::push_heap(ends_.begin(), ends_.end());
      if (ends_.size() < count_) return false;
    } else {
      if (!(end < ends_.front())) return false;
      std::size_t at = 0;
      for (std::size_t next = 1; next < count_; next = 2 * at + 1) {
        if (next + 1 < count_ && ends_[next + 1] > ends_[next]) ++next;
        if (!(ends_[next] > end)) break;
        ends_[at] = ends_[next];
        at = next;
      }
      ends_[at] = end;
    }
    limit_ = std::min(limit_, ends_.front());
    return true;
  }

  // Better values, and the limit anew from them.
  template <class Better>
  void sharpen(Better&& better) {
    better(list_);
    ends_.clear();
    for (const Scored& s : list_) offer(s.value + s.blur);
    prune();
  }

  void prune() {
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
  std::vector<double> ends_;
};

}  // namespace matomari
