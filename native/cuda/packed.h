#pragma once
#include <cstddef>
#include <cstdint>

#include "core/host_device.h"
#include "nearest/screen_panels.h"

// Vectors as the tensor cores take them: less a common vector, scaled by a power of two each, rounded to half precision,
// with a bound on what that has cost. The screen is that of nearest/screen_panels.h in another arithmetic.
namespace matomari::cuda {

// Halves lie in tiles of 128 vectors × 64 columns, 16 KiB in one piece: [vector / 128][column / 64][128][64], where the
// 16-byte pieces of a row are swapped by row % 8, so that whatever reads eight rows at once meets every bank of shared
// memory. It is the 128-byte swizzle that a warpgroup's product expects; the other kernel uses it as well.
inline constexpr std::size_t kTileRows = 128, kTileDepth = 64, kTileHalves = kTileRows * kTileDepth;
inline constexpr unsigned kTileBytes = kTileHalves * 2;
inline constexpr std::size_t kColumnTiles = 2;  // targets are padded to whole pairs of tiles

MATOMARI_HD inline std::size_t depth_tiles(std::size_t d) { return (d + kTileDepth - 1) / kTileDepth; }
MATOMARI_HD inline std::size_t padded_rows(std::size_t n) { return (n + kTileRows - 1) / kTileRows * kTileRows; }
MATOMARI_HD inline std::size_t padded_targets(std::size_t n) {
  return (n + kColumnTiles * kTileRows - 1) / (kColumnTiles * kTileRows) * (kColumnTiles * kTileRows);
}
// Where the 16-byte piece (8 columns) number `piece` of a vector begins, in halves.
MATOMARI_HD inline std::size_t piece_at(std::size_t vector, std::size_t piece, std::size_t depth) {
  const std::size_t row = vector % kTileRows;
  return (vector / kTileRows * depth + piece / 8) * kTileHalves + row * kTileDepth + ((piece % 8) ^ (row % 8)) * 8;
}

// What a kernel needs of a row: a score is offset[j] + scale · scale[j] · product + error · norm[j] + length · error[j],
// all three negative, so that it is the lowest value that the true score may have.
struct alignas(16) RowFacts {
  float scale, error, length, limit;
};
// And of a target.
struct alignas(16) TargetFacts {
  float offset, scale, norm, error;
};
inline constexpr float kNever = 3e38f;  // the offset of padding

// The largest of all targets, as the bits of doubles, which order as those do.
struct Widest {
  unsigned long long norm, error, highest;
};

// The power of two that takes a vector of this largest magnitude to [2^14, 2^15), within reason: float32 must hold every
// partial result. Smaller vectors lose bits, which is measured as all rounding is.
MATOMARI_HD inline int half_exponent(double largest) {
  if (!(largest > 0)) return 0;
  int exponent = 0;
  frexp(largest, &exponent);
  const int wanted = 15 - exponent;
  return wanted > 60 ? 60 : wanted;
}

// How far tensor cores may be off in the sum of d products of halves, in units of 2^-24 of the sum of their magnitudes.
// Products are exact; within a block of 4 to 32 of them the terms, and the sum so far, are aligned to the largest and cut
// off, at 24 bits or more: at most two units for each term, the running sum and the result, which is 2 (d + d/4 · 2). The
// manuals do not promise this, so it is an assumption until a device has been tested. On top the roundings of the score:
// two products with powers of two, which are exact, and three additions.
inline constexpr double kValueSteps = 4, kScoreSteps = 8;

inline ScreenBound tensor_bound(Metric metric, std::size_t d) {
  // Products of float32 with the scales may underflow once for each score, not for each product.
  return ScreenBound(kValueSteps, kScoreSteps, 0.0, metric, d);
}

// The lowest value that a score may have, from the product of two packed vectors.
MATOMARI_HD inline float lowest_score(float product, const RowFacts& x, const TargetFacts& c) {
  float score = fmaf(product * x.scale, c.scale, c.offset);
  score = fmaf(x.error, c.norm, score);
  return fmaf(x.length, c.error, score);
}

// The lowest scores of a row so far.
struct Lowest {
  float best, second;
  std::int32_t index;

  MATOMARI_HD void clear() {
    best = second = 3.4e38f;
    index = 0;
  }
  MATOMARI_HD void add(float score, std::int32_t j) {
    const bool wins = score < best;
    second = fminf(second, wins ? best : score);
    index = wins ? j : index;
    best = wins ? score : best;
  }
  MATOMARI_HD void merge(const Lowest& other) {
    second = fminf(second, other.second);
    add(other.best, other.index);
  }
};

// Where vectors to be packed come from: row ids[i], or i, of values [rows × d], times factor of that row, less shift [d].
template <class T>
struct PackSource {
  const T* values;
  const double* factor;      // null: 1
  const float* shift;        // null: 0
  const std::uint32_t* ids;  // null: all rows in order
  std::size_t rows, d;
  std::size_t padded = 0;  // with the padding of the last tile
};

// What the screens take, and what becomes of the scores: the nearest target of each row, or a note of those in doubt.
struct ScreenRows {
  const std::uint16_t* halves;
  const RowFacts* facts;
  const Extent* extents;
  std::size_t count;
};
struct TakeBest {
  static constexpr bool kBest = true;
  ScreenBound bound;
  std::size_t first;  // the number of the first row
  std::int32_t* labels;
  unsigned* open_count;      // rows in doubt, in no particular order
  std::uint32_t* open_rows;
  double* open_limits;
};
// Or the targets whose score is not above the limit of the row.
struct TakeBelow {
  static constexpr bool kBest = false;
  unsigned* counts;          // [rows]
  std::int32_t* candidates;  // [rows × most]
  unsigned most;             // candidates of a row that are written down
  unsigned from;             // targets before this one are left out
  std::int32_t base;         // what to add to a target's number
};
inline constexpr unsigned kFew = 16;  // candidates of a row in doubt that are written down

// What is known of the targets beside their halves.
struct Targets {
  const std::uint16_t* halves;
  const TargetFacts* facts;
  const Extent* extents;
  const double* offsets;  // as in ScreenPanels::offset
  const Widest* widest;
  std::size_t count;
};

// Whether the screen proves a row's label, and if not the highest that the true score of its nearest target can be.
struct Verdict {
  bool proven;
  double limit;
};
MATOMARI_HD inline Verdict judge(const ScreenBound& bound, const Extent& x, const Lowest& found, std::size_t count,
                                 const Extent& own, double own_offset, const Extent& widest, double highest) {
  // Beyond these sizes float32 may overflow on the way, and a score says nothing.
  const bool bounded = x.norm + x.error < 1e18 && widest.norm + widest.error < 1e18 && bound(x, widest, highest) < 1e37 &&
                       static_cast<std::size_t>(found.index) < count;
  if (!bounded) return {false, HUGE_VAL};
  const double high = static_cast<double>(found.best) + 2 * bound(x, own, own_offset);
  const double next = static_cast<double>(found.second) - bound.of_row(x);
  return {next > high, high};
}

}  // namespace matomari::cuda
