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
};

// The kernels of a screen beside those of a level, or null when this machine (or build) lacks them. f32 has none.
const ScreenKernels* screen_kernels(Screen screen, Level level) noexcept;

const char* name(Screen screen) noexcept;

}  // namespace matomari::simd
