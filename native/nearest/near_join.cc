// The neighbours of a set of points among themselves: every pair is scored once, for both of its points.
//
// A score of row r and column j bounds ½‖c_j‖² − x_r·c_j from below. Seen from j it is ½‖c_r‖² − x_j·c_r: the same product, with
// the other offset. So one comparison more tells whether r may be near to j.
//
// Blocks of points meet as players do in a tournament: in every round each block meets one other, so that no two threads
// hold a list at once, and what a list has seen when does not depend on the threads.
#include <algorithm>
#include <bit>
#include <cstdint>

#include "core/parallel.h"
#include "nearest/near_screen.h"

namespace matomari {

namespace {
constexpr std::size_t kPanels = 10;  // of a block
}

bool NearScreen::join() {
  const std::size_t n = points_.matrix.rows, width = screen_.panel, panels = (n + width - 1) / width;
  open_group(n);
  fill_panels(0, n);
  back_limit_ = core::Buffer<float>(panels * width, -3e38f);
  back_add_ = core::Buffer<float>(limit_.size(), 0.0f);
  pack(0, n);
  bool bounded = true;
  for (std::size_t i = 0; i < n; ++i) {
    const Extent &x = lists_.extent(i), &c = panels_.extent(i);
    bounded = bounded && x.norm + x.error < 1e18 && c.norm + c.error < 1e18;
    back_add_[i] = at_most(panels_.offset(i) - bound_.of_row(x));
  }
  if (!bounded) {
    back_limit_ = {};
    return false;
  }
  const std::size_t blocks = (panels + kPanels - 1) / kPanels, players = blocks + blocks % 2, rounds = players - 1;
  core::parallel_for(ctx_, blocks, 1, [&](std::size_t b, std::size_t, unsigned) { meet(b, b); });
  for (std::size_t round = 0; round < rounds; ++round) {
    core::parallel_for(ctx_, players / 2, 1, [&](std::size_t table, std::size_t, unsigned) {
      const std::size_t one = table == 0 ? rounds : (round + table) % rounds, other = (round + rounds - table) % rounds;
      if (std::max(one, other) < blocks) meet(one, other);
    });
    ctx_.progress("nearest", round + 1, rounds);
  }
  lists_.answer();
  return true;
}

// The rows of one block meet the columns of another, or of the same.
void NearScreen::meet(std::size_t first, std::size_t second) {
  const std::size_t n = points_.matrix.rows, width = screen_.panel, side = kPanels * width;
  const std::size_t last = std::min(n, (first + 1) * side), last_panel = std::min((n + width - 1) / width, (second + 1) * kPanels);
  core::Buffer<float> scores(kBlock * width);
  std::uint64_t hits[kBlock], back[kBlock];
  core::ExactSum exact;
  for (std::size_t begin = first * side; begin < last; begin += kBlock) {
    ctx_.check();
    const std::size_t rows = std::min(kBlock, last - begin), padded = (rows + screen_.row_tile - 1) / screen_.row_tile * screen_.row_tile;
    for (std::size_t p = second * kPanels; p < last_panel; ++p) {
      const std::size_t column = p * width;
      screen_.low_both(block_.view(begin), padded, panels_.panel(p), limit_.data() + begin, back_add_.data() + begin,
                       back_limit_.data() + column, scores.data(), hits, back);
      const std::uint64_t all = ~std::uint64_t{0} >> (64 - std::min(width, n - column));
      for (std::size_t r = 0; r < rows; ++r) {
        const std::size_t i = begin + r;
        const float* const low = scores.data() + r * panels_.panel(p).width;
        for (std::uint64_t h = hits[r] & all; h != 0; h &= h - 1) {
          const auto c = static_cast<std::size_t>(std::countr_zero(h));
          if (low[c] > limit_[i]) continue;  // which has come down since
          const Interval score = interval(i, column + c, low[c]);
          if (lists_.take(i, column + c, score.low, score.high, exact)) lower(i);
        }
        if (first == second) continue;  // the other side of such a pair has its own turn
        for (std::uint64_t h = back[r] & all; h != 0; h &= h - 1) {
          const auto c = static_cast<std::size_t>(std::countr_zero(h));
          const Interval score = interval(i, column + c, low[c]);
          const double turn = panels_.offset(i) - panels_.offset(column + c);
          if (lists_.take(column + c, i, score.low + turn, score.high + turn, exact)) lower(column + c);
        }
      }
    }
  }
}

}  // namespace matomari
