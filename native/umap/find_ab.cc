#include "umap/find_ab.h"

#include <array>
#include <cmath>
#include <cstddef>

#include "core/elementary.h"

namespace matomari {

namespace {

constexpr std::size_t kPlaces = 300;

// The squared error, its slope and its curvature (Gauss–Newton) at one curve.
struct Fit {
  double error = 0, ga = 0, gb = 0, haa = 0, hab = 0, hbb = 0;
};

Fit judge(const Curve& c, double spread, const std::array<double, kPlaces>& wanted) {
  Fit fit;
  for (std::size_t i = 1; i < kPlaces; ++i) {  // at 0 the curve is 1, as wanted
    const double x = 3 * spread * static_cast<double>(i) / static_cast<double>(kPlaces - 1);
    const double lx = core::log(x), u = core::exp(2 * c.b * lx), f = 1 / (1 + c.a * u);
    const double rest = wanted[i] - f, da = -u * f * f, db = da * c.a * 2 * lx;
    fit.error += rest * rest;
    fit.ga += da * rest;
    fit.gb += db * rest;
    fit.haa += da * da;
    fit.hab += da * db;
    fit.hbb += db * db;
  }
  return fit;
}

}  // namespace

// Levenberg–Marquardt from (1, 1).
Curve find_ab(double spread, double min_dist) {
  std::array<double, kPlaces> wanted;
  for (std::size_t i = 0; i < kPlaces; ++i) {
    const double x = 3 * spread * static_cast<double>(i) / static_cast<double>(kPlaces - 1);
    wanted[i] = x < min_dist ? 1.0 : core::exp(-(x - min_dist) / spread);
  }
  Curve curve{1, 1};
  Fit fit = judge(curve, spread, wanted);
  double damping = 1e-3;
  for (int step = 0; step < 500 && damping < 1e12; ++step) {
    const double haa = fit.haa * (1 + damping), hbb = fit.hbb * (1 + damping);
    const double det = haa * hbb - fit.hab * fit.hab;
    const Curve next{curve.a + (hbb * fit.ga - fit.hab * fit.gb) / det, curve.b + (haa * fit.gb - fit.hab * fit.ga) / det};
    const bool valid = next.a > 0 && next.b > 0 && next.b < 50;
    const Fit found = valid ? judge(next, spread, wanted) : Fit{};
    if (!valid || !(found.error <= fit.error)) {
      damping *= 8;
      continue;
    }
    const double moved = std::abs(next.a - curve.a) / next.a + std::abs(next.b - curve.b) / next.b;
    curve = next;
    fit = found;
    damping /= 8;
    if (moved < 1e-12) break;
  }
  return curve;
}

}  // namespace matomari
