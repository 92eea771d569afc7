#pragma once
#include <cstddef>
#include <cstdint>

#include "core/context.h"
#include "core/view.h"
#include "distances/pair.h"
#include "nearest/screen_choice.h"
#include "simd/kernels.h"

namespace matomari {

struct Neighbours {
  double rechecked_share = 0;  // of the queries: those for which the screen left more than `count` points to float64
  simd::Screen screen = simd::Screen::f32;
};

// The `count` nearest points of every query row, nearest first (largest first for `dot`), ties to the lowest index.
// indices, distances: [queries.rows × count]. Exact: a screen drops only points that are proven farther, the
// rest are ordered by their float64 distances, and for the euclidean metrics and `dot` by exact sums where float64
// cannot tell them apart.
Neighbours nearest(core::Context& ctx, const simd::Kernels& k, core::ConstMatrix queries, core::ConstMatrix points,
                   std::size_t count, Metric metric, std::int32_t* indices, float* distances,
                   ScreenWish wish = ScreenWish::automatic);

}  // namespace matomari
