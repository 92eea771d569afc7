#pragma once
#include <cstddef>
#include <cstdint>

#include "core/context.h"
#include "core/view.h"
#include "distances/pair.h"
#include "nearest/screen_choice.h"
#include "simd/kernels.h"

namespace matomari {

enum class KMeansInit { plus_plus, random, given };

struct KMeansOptions {
  std::size_t clusters = 8;
  KMeansInit init = KMeansInit::plus_plus;
  const float* initial = nullptr;  // [clusters × cols], for KMeansInit::given
  std::uint32_t runs = 1;
  std::uint32_t max_iterations = 300;
  double tolerance = 1e-4;  // relative to the mean variance of the columns
  bool cosine = false;
  const float* weight = nullptr;  // [rows], or all 1
  std::uint64_t seed = 0;
  ScreenWish screen = ScreenWish::automatic;
};

struct KMeansResult {
  double inertia = 0;
  std::uint32_t iterations = 0;
  bool converged = false;
  double rechecked_share = 0;
  simd::Screen screen = simd::Screen::f32;  // the one in use at the end
};

// Lloyd's algorithm, with scikit-learn's rules for stopping and for empty clusters. Centroids stay float64 from iteration
// to iteration and are rounded to float32 once, at the end; the labels are those of an assignment to the rounded ones.
// centroids: [clusters × cols], labels: [rows], sizes: [clusters].
KMeansResult kmeans(core::Context& ctx, const simd::Kernels& k, core::ConstMatrix points, const KMeansOptions& options,
                    float* centroids, std::int32_t* labels, std::int32_t* sizes);

}  // namespace matomari
