#pragma once
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "nearest/screen_panels.h"
#include "simd/kernels.h"

namespace matomari {

// Where the panels of a screen leave the lowest scores of a row (simd::Slot): panels take turns in the slots, and a score's
// lowest bits tell the turn and the vector of the panel.
class Slots {
 public:
  Slots() = default;
  Slots(std::size_t panels, std::size_t width, std::size_t lanes) noexcept
      : count_(std::min(panels, kMost)), width_(width), lanes_(lanes),
        bits_(2 + static_cast<int>(std::bit_width((panels - 1) / count_))), share_(std::ldexp(1.0, bits_ - 22)), least_(std::ldexp(1.0, bits_ - 148)) {}

  // Numbers of a row: what is hidden, and behind that the slots.
  std::size_t ld() const noexcept { return (count_ + 1) * lanes_; }
  std::size_t count() const noexcept { return count_; }
  // Numbers in the slots of a row.
  std::size_t size() const noexcept { return count_ * lanes_; }
  // `first`: the first row's numbers.
  simd::Slot of_panel(float* first, std::size_t p) const noexcept {
    return {first, first + (1 + p % count_) * lanes_, ld(), ~mask(), static_cast<std::int32_t>(p / count_ * 4), p < count_};
  }
  // The column of the score that stands at this place of a row's slots.
  std::size_t column(float score, std::size_t place) const noexcept {
    const auto tag = static_cast<std::size_t>(std::bit_cast<std::int32_t>(score) & mask());
    return (tag / 4 * count_ + place / lanes_) * width_ + tag % 4 * lanes_ + place % lanes_;
  }

  // The columns that share a lane of a slot, at most so many of this number of columns.
  std::size_t sharing(std::size_t columns) const noexcept { return (columns + width_ * count_ - 1) / (width_ * count_) * (width_ / lanes_); }
  template <class Column>
  void each(std::size_t place, std::size_t columns, Column&& column) const {
    for (std::size_t panel = place / lanes_ * width_; panel < columns; panel += width_ * count_)
      for (std::size_t j = panel + place % lanes_; j < std::min(columns, panel + width_); j += lanes_) column(j);
  }

  // Between which two a score lies that has lost its lowest bits to the tag.
  struct Between {
    double low, high;
  };
  Between untagged(float score) const noexcept {
    const double s = static_cast<double>(score), blur = blur_of(s);
    return {s - blur, s + blur};
  }
  // No score up to this one is above it once it is tagged.
  float tagged(double score) const noexcept { return at_least(score + blur_of(score)); }

 private:
  // At 1000 columns each panel has its own, and three columns share a lane, of which one is hidden from 2 % of the rows in int8; more
  // would only fill the second-level cache.
  static constexpr std::size_t kMost = 24;
  std::int32_t mask() const noexcept { return (1 << bits_) - 1; }
  // The tag changes a score by less than 2^bits units of its last place, which are 2^−23 of it at most, or 2^−149: twice that
  // holds for the score before and after.
  double blur_of(double score) const noexcept { return share_ * std::abs(score) + least_; }

  std::size_t count_ = 1, width_ = 0, lanes_ = 1;
  int bits_ = 2;  // four tags for a turn: a panel has no more vectors
  double share_ = 0, least_ = 0;
};

}  // namespace matomari
