#pragma once
#include <cstdint>

#include "core/context.h"
#include "core/view.h"
#include "distances/pair.h"
#include "nearest/screen_choice.h"
#include "simd/kernels.h"

namespace matomari {

// Throws bad_input that names the first zero row: under cosine it is as near to one thing as to another.
// Otherwise fills inverse_norm [rows] with 1/‖row‖ in float64.
void require_directions(core::Context& ctx, core::ConstMatrix m, const char* name, double* inverse_norm);

// Column means as float32, for centring.
void column_means(core::Context& ctx, core::ConstMatrix m, const double* inverse_norm, float* mean);

struct Assigned {
  double rechecked_share = 0;
  simd::Screen screen = simd::Screen::f32;
};

// labels[i]: the nearest centroid of point i; distances[i]: how far it is.
Assigned assign(core::Context& ctx, const simd::Kernels& k, core::ConstMatrix points, core::ConstMatrix centroids,
                Metric metric, std::int32_t* labels, float* distances, ScreenWish wish = ScreenWish::automatic);

}  // namespace matomari
