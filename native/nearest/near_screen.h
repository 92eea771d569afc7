#pragma once
#include <cstddef>

#include "core/buffer.h"
#include "core/context.h"
#include "nearest/near_lists.h"
#include "nearest/screen_panels.h"

namespace matomari {

// Nearest neighbours by a screen in bf16 or int8, whose scores tell between what values a distance lies. The result is that of
// the float32 search, to the bit.
class NearScreen {
 public:
  NearScreen(core::Context& ctx, const simd::Kernels& k, const simd::ScreenKernels& screen, const NearPoints& points,
             NearLists& lists, std::size_t count);

  // Whether few enough points of a sample are left to float64 to make the screen worth its while.
  bool sharp_enough();
  void run();

 private:
  static constexpr std::size_t kPart = 4096;  // points packed at once
  static constexpr std::size_t kBlock = 96;   // queries a thread takes at once

  void open_group(std::size_t rows);
  void pack(std::size_t first, std::size_t rows);
  void screen(std::size_t rows, std::size_t first_point, std::size_t points);
  void fill_panels(std::size_t first_point, std::size_t points);
  // The neighbours of the points among themselves (near_join.cc). False where there are scores without a bound.
  bool join();
  void meet(std::size_t first, std::size_t second);
  // Between what values the score of query i and a column lies, from the lowest that the kernel gives.
  struct Interval {
    double low, high;
  };
  Interval interval(std::size_t i, std::size_t column, float low) const noexcept;
  void lower(std::size_t i);

  core::Context& ctx_;
  const simd::Kernels& k_;
  const simd::ScreenKernels& screen_;
  const NearPoints& points_;
  NearLists& lists_;
  std::size_t count_, d_, depth_;
  std::size_t group_;  // queries whose lists are open at once
  ScreenBound bound_;
  bool joins_;  // the queries are the points, and all their lists may be open at once
  ScreenPanels panels_;
  RowBlock block_;
  core::Buffer<float> limit_;
  core::Buffer<float> back_add_, back_limit_;  // for a pair seen from its other side; empty but in a join
};

}  // namespace matomari
