#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/buffer.h"
#include "core/context.h"
#include "core/view.h"
#include "nearest/nearby.h"
#include "nearest/screen_panels.h"

namespace matomari {

// Nearest neighbours by a low-precision screen. What the screen cannot rule out is measured in float64 at once, so that
// the limit a point must beat is sharp, however blunt the screen. The result is that of the float32 search, to the bit.
class NearScreen {
 public:
  NearScreen(core::Context& ctx, const simd::Kernels& k, const simd::ScreenKernels& screen, core::ConstMatrix queries,
             core::ConstMatrix points, std::size_t count, Metric metric, std::int32_t* indices, float* distances);

  // Whether few enough points of a sample are left to float64 to make the screen worth its while.
  bool sharp_enough();
  // Returns the share of the queries for which it left more than `count` points to float64.
  double run();

 private:
  static constexpr std::size_t kPart = 4096;  // points packed at once
  static constexpr std::size_t kBlock = 96;   // queries a thread takes at once

  void open_group(std::size_t rows);
  void pack(std::size_t first, std::size_t rows);
  void screen(std::size_t first, std::size_t rows, std::size_t first_point, std::size_t points);
  void fill_panels(std::size_t first_point, std::size_t points);
  double target(std::size_t j, double* out) const;
  // The neighbours of the points among themselves (near_join.cc). False where there are scores without a bound.
  bool join();
  void meet(std::size_t first, std::size_t second);
  void take(std::size_t first, std::size_t i, std::int32_t point, core::ExactSum& exact);
  void measure(std::size_t first, std::size_t i, core::ExactSum& exact);
  void lower(std::size_t i);
  void answer_all(std::size_t first, std::size_t rows);
  void answer(std::size_t first, std::size_t i, core::ExactSum& exact);

  core::Context& ctx_;
  const simd::Kernels& k_;
  const simd::ScreenKernels& screen_;
  core::ConstMatrix queries_, points_;
  std::size_t count_;
  Metric metric_;
  std::int32_t* indices_;
  float* distances_;
  std::size_t d_, depth_;
  std::size_t group_;  // queries whose lists are open at once
  ScreenBound bound_;
  bool joins_;  // the queries are the points, and all their lists may be open at once
  ScreenPanels panels_;
  core::Buffer<float> shift_;
  core::Buffer<double> point_squares_, point_scale_, query_squares_, query_scale_;
  RowBlock block_;
  core::Buffer<float> limit_;
  core::Buffer<float> back_add_, back_limit_;  // for a pair seen from its other side; empty but in a join
  std::vector<Extent> extent_;
  std::vector<Nearby> nearby_;
  std::atomic<std::size_t> crowded_{0};
};

}  // namespace matomari
