#pragma once
#include <cstddef>
#include <cstdint>

#include "simd/kernels.h"

// Screens below float32: scores from vectors rounded to bf16 or int8, at two and four times the float32 rate. How far
// rounding took a vector is measured when it is packed, and whoever compares scores bounds their error by it.
//
// Packed values stand in groups of 32 bits (2 × bf16, 4 × int8), which one instruction multiplies and adds up.
namespace matomari::simd {

enum class Screen { f32, bf16, int8, f16 };  // f16: on the tensor cores of a CUDA device

// A kernel gives the lowest value that a score may truly have: its error grows with the row as error · norm[j] +
// length · error[j] does, and with the column as `offset` has allowed for.

// Packed rows: [rows × ld] groups; and for each row a factor, how far rounding took it, and how long it is at most.
struct ScreenRows {
  const std::uint32_t* groups;
  std::size_t ld;
  const float* scale;
  const float* error;
  const float* length;
};

// Packed targets, [depth × width] groups, with what belongs to each of the `width` columns.
struct ScreenPanel {
  const std::uint32_t* groups;
  std::size_t width, depth;
  const float* offset;
  const float* scale;
  const float* norm;
  const float* error;
  const std::int32_t* start;  // int8: what undoes the bias of the rows
};

// What rounding did to a vector: value = scale · packed, up to a difference whose squares add up to `residual`.
struct Rounded {
  float scale;
  float residual;
  std::int32_t start;
};

// Two layers of int8: value = scale · (first + second / 256). What the first leaves over lies within half a step, so that the second
// needs no scale of its own, and both are the bytes of one number of 16 bits.

// A row in two layers: value = scale · word, where word = (256 · first + second) / 2^shift, rounded. `norm` is its length at most,
// `error` how far the words lie from it.
struct LayeredRow {
  float scale, norm, error;
  std::uint32_t shift;
};

struct LayeredRows {
  const std::uint32_t* first;
  std::size_t first_ld;
  const std::uint32_t* second;
  std::size_t second_ld;
  const LayeredRow* rows;
  std::size_t count;
};

// Of `few_nearest`: targets at most, rows at once, and columns whose products are added up in 32 bits. No such sum may overflow:
// within a block words of a row are no longer than kRowReach, those of a target than kTargetReach. Rows, which are shortened by powers
// of two, use three quarters of theirs on average, and so both sides lose as much.
inline constexpr std::size_t kFew = 128, kFewRows = 32, kFewBlock = 128;
inline constexpr float kRowReach = 54000, kTargetReach = 39500;

// What `words` have made of the layers of a row.
struct Words {
  std::uint32_t shift;
  float residual;
};

// A target in words of 16 bits: `offset` is no more than the true one, of which it lacks `margin` at most.
struct WordTarget {
  float offset, margin, scale, norm, error;
};

// A polynomial of the length of a row.
struct OfLength {
  float square, linear, constant;
};

struct WordTargets {
  const std::uint32_t* pairs;  // [2 · depth × count]: of every four columns first 0 and 2, then 1 and 3
  std::size_t count, depth;
  const WordTarget* targets;
  float longest;      // nothing is known of rows that are not shorter
  OfLength from_row;  // what a row adds to the error of all its scores
  OfLength gain, loss;  // how far the square of a row's length may lie above that of `norm`, and below
};

// What is known of rows: their nearest target, which is at most `upper` away, and every other at least `lower`.
struct Settled {
  std::int32_t* index;
  float *upper, *lower;
};

struct ScreenKernels {
  Screen screen;
  const char* name;
  std::size_t per_group;  // values in 32 bits
  std::size_t lanes, row_tile, panel;

  // Units of 2^-24 by which a score may be off, as value_steps · d + score_steps, and what underflow may add to it as
  // d · flush: vdpbf16ps rounds twice and flushes denormal numbers to zero, int8 products are exact.
  double value_steps, score_steps, flush;

  // Rounds x[d] into ⌈d / per_group⌉ groups, zero-padded. Rows and targets are packed differently.
  Rounded (*round)(const float* x, std::size_t d, bool as_row, std::uint32_t* out) noexcept;
  // Rounds what `scale` · first leaves of x[d] to whole numbers of steps of scale / 256. int8 only, else null.
  Rounded (*round_rest)(const float* x, std::size_t d, bool as_row, float scale, const std::uint32_t* first, std::uint32_t* out) noexcept;
  // The least shift of a row's layers that keeps its blocks within kRowReach, and what its words then leave of x[d]. int8 only, else null.
  Words (*words)(const float* x, std::size_t d, float scale, const std::uint32_t* first, const std::uint32_t* second) noexcept;
  // Rounds x[d] to whole numbers of steps of `scale`, which must fit 16 bits; returns the squares of what that leaves. int8 only, else null.
  float (*round_words)(const float* x, std::size_t d, float scale, std::int16_t* out) noexcept;
  // low[r, j] = offset[j] − scale[r] · scale[j] · (x[r] · panel[:, j]) − error · norm[j] − length · error[j], where error and
  // length are the largest of the row's tile, folded into the slot. rows: a multiple of row_tile; width: a multiple of lanes, at
  // most `panel`.
  void (*low_best)(const ScreenRows& x, std::size_t rows, const ScreenPanel& panel, const Slot& slot) noexcept;
  // The same with each row's own error and length, stored: out is [rows × width]. Bit j of hits[r] is set where low[r, j] is not above limit[r].
  void (*low_below)(const ScreenRows& x, std::size_t rows, const ScreenPanel& panel, const float* limit, float* out,
                      std::uint64_t* hits) noexcept;
  // The same for both sides of each pair: bit j of back[r] is set where low[r, j] + back_add[r] is not above back_limit[j].
  void (*low_both)(const ScreenRows& x, std::size_t rows, const ScreenPanel& panel, const float* limit, const float* back_add,
                   const float* back_limit, float* out, std::uint64_t* hits, std::uint64_t* back) noexcept;
  // Which columns could beat row r's own, own[r] of all: bit j of hits[r] is set where low[r, j] is not above limit[r]; of the others
  // the lowest `low` of each lane goes into least [rows × lanes]. Column j of the panel is base + j of all.
  void (*low_rivals)(const ScreenRows& x, std::size_t rows, const ScreenPanel& panel, std::int32_t base, const std::int32_t* own,
                     const float* limit, float* least, std::uint64_t* hits) noexcept;
  // The exact products of a row in two layers, both packed as rows, with a target in two: first · first, first · second,
  // second · first, second · second. int8 only, else null.
  void (*layered_products)(const std::uint32_t* first, const std::uint32_t* second, const std::uint32_t* target_first,
                           const std::uint32_t* target_second, std::size_t depth, std::int32_t* out) noexcept;
  // The nearest of few targets for the rows ids[0] … ids[count − 1], at most kFewRows of them, of `left` that are to come. Bit r
  // of the result is set where that of row r is proven. int8 only, else null.
  std::uint32_t (*few_nearest)(const LayeredRows& x, const std::uint32_t* ids, std::size_t count, std::size_t left, const WordTargets& c,
                               const Settled& out) noexcept;
};

// The kernels of a screen beside those of a level, or null when this machine (or build) lacks them. f32 has none.
const ScreenKernels* screen_kernels(Screen screen, Level level) noexcept;

const char* name(Screen screen) noexcept;

}  // namespace matomari::simd
