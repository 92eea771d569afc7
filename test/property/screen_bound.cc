// Tries to break the bound of the low-precision screens: counts scores that lie outside the interval it promises, against
// long double sums, over data made to be awkward. Prints `screen kind products violations tightness`; fails on any
// violation, and where a bound is so wide that the check would mean nothing.
#include <cfloat>
#include <cmath>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "nearest/screen_panels.h"

using namespace matomari;

namespace {

std::mt19937_64 random_bits(7);
double uniform(double low, double high) { return std::uniform_real_distribution<double>(low, high)(random_bits); }
double normal() { return std::normal_distribution<double>()(random_bits); }

struct Kind {
  const char* name;
  bool unit;         // rows brought to length 1, as under cosine
  double tightness;  // the least largest error / bound that shows the bound to be at work
};

// One matrix of rows and one of targets.
void fill(const std::string& kind, std::vector<float>& x, std::vector<float>& c, std::size_t d) {
  const std::size_t n = x.size() / d, k = c.size() / d;
  auto each = [&](auto&& value) {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(value(i % d));
    for (std::size_t i = 0; i < c.size(); ++i) c[i] = static_cast<float>(value(i % d));
  };
  each([](std::size_t) { return normal(); });
  if (kind == "near ties")
    for (std::size_t i = 0; i < c.size(); ++i) c[i] = c[i % d] * (1 + static_cast<float>(uniform(-1e-6, 1e-6)));
  if (kind == "duplicates") {
    for (std::size_t i = 0; i < c.size(); ++i) c[i] = c[i % (3 * d < c.size() ? 3 * d : d)];
    for (std::size_t i = 0; i < n; i += 2)
      for (std::size_t l = 0; l < d; ++l) x[i * d + l] = c[(i % k) * d + l];
  }
  if (kind == "huge") each([](std::size_t) { return normal() * 1e15; });
  if (kind == "near overflow") each([](std::size_t) { return normal() * 1e17; });
  if (kind == "outlier dimension") each([&](std::size_t l) { return l == d / 2 ? 300 * normal() : normal(); });
  if (kind == "common part" || kind == "unit") each([](std::size_t l) { return std::cos(static_cast<double>(l)) * 8 + normal(); });
  if (kind == "offset 1e4") each([](std::size_t) { return 1e4 + normal(); });
  if (kind == "denormals") each([](std::size_t) { return normal() * 1e-39; });
  if (kind == "small squares") each([](std::size_t) { return normal() * 1e-22; });
  if (kind == "many exponents") each([](std::size_t) { return normal() * std::ldexp(1.0, static_cast<int>(uniform(-60, 20))); });
  // Halfway between two bf16 numbers, and between two int8 steps of a vector whose largest number is 127.
  if (kind == "halfway") each([](std::size_t l) { return l == 0 ? 127.0 : (uniform(0, 1) < 0.5 ? 1.00390625 : 63.5); });
  // All errors of one sign: rounding goes the same way for all.
  if (kind == "one sign") each([](std::size_t l) { return l == 0 ? 127.0 : 40.499; });
  if (kind == "zeros") {
    for (std::size_t l = 0; l < d; ++l) x[l] = c[l] = 0;
    for (std::size_t i = d; i < x.size(); ++i)
      if (uniform(0, 1) < 0.9) x[i] = 0;
  }
}

int check(const simd::ScreenKernels& s, const simd::Kernels& k, const Kind& kind, std::size_t trials) {
  const std::size_t dims[] = {1, 2, 3, 5, 16, 31, 64, 100, 257};
  std::size_t products = 0, outside = 0;
  double tightest = 0;
  for (std::size_t t = 0; t < trials; ++t) {
    const std::size_t d = dims[t % std::size(dims)], n = 64, m = 100;
    std::vector<float> x(n * d), c(m * d), shift(d, 0.0f), work(d);
    fill(kind.name, x, c, d);
    std::vector<double> inverse(n, 1.0), center(m, 1.0);
    for (std::size_t i = 0; kind.unit && i < n; ++i) inverse[i] = 1 / std::sqrt(dot_product(&x[i * d], &x[i * d], d));
    for (std::size_t j = 0; kind.unit && j < m; ++j) center[j] = 1 / std::sqrt(dot_product(&c[j * d], &c[j * d], d));
    if (t % 3 != 0)  // shifted by the mean, as in use; every third time not
      for (std::size_t l = 0; l < d; ++l) {
        double sum = 0;
        for (std::size_t i = 0; i < n; ++i) sum += static_cast<double>(x[i * d + l]) * inverse[i];
        shift[l] = static_cast<float>(sum / static_cast<double>(n));
      }
    const ScreenBound bound(s, kind.unit ? Metric::cosine : Metric::sqeuclidean, d);
    ScreenPanels panels(s, bound, m, d);
    const std::size_t panel_count = (m + s.panel - 1) / s.panel;
    for (std::size_t p = 0; p < panel_count; ++p)
      panels.fill(p, m, true, [&](std::size_t j, double* out) {
        for (std::size_t l = 0; l < d; ++l) out[l] = static_cast<double>(c[j * d + l]) * center[j] - static_cast<double>(shift[l]);
        return 0.0;
      });
    RowBlock block(n, (d + s.per_group - 1) / s.per_group);
    std::vector<Extent> extent(n);
    const RowSource rows{{x.data(), n, d}, kind.unit ? inverse.data() : nullptr, shift.data()};
    for (std::size_t i = 0; i < n; ++i) {
      float scale;
      extent[i] = pack_row(k, s, rows, i, work.data(), block.groups(i), &scale);
      block.put(i, scale, extent[i]);
    }
    std::vector<float> limit(n, FLT_MAX), low(n * s.panel);
    std::vector<std::uint64_t> hits(n);
    for (std::size_t p = 0; p < panel_count; ++p) {
      const simd::ScreenPanel panel = panels.panel(p);
      s.low_below(block.view(), n, panel, limit.data(), low.data(), hits.data());
      for (std::size_t j = p * s.panel; j < std::min(m, p * s.panel + panel.width); ++j)
        for (std::size_t i = 0; i < n; ++i) {
          const double width = bound(extent[i], panels.extent(j), panels.offset(j));
          if (!(bound(extent[i], panels.widest(p), panels.highest(p)) < 1e37)) continue;  // nothing is promised
          long double dot = 0, square = 0, length = 0;
          for (std::size_t l = 0; kind.unit && l < d; ++l) length += static_cast<long double>(x[i * d + l]) * x[i * d + l];
          const long double factor = kind.unit ? 1 / std::sqrt(length) : 1.0L;
          for (std::size_t l = 0; l < d; ++l) {
            const long double a = x[i * d + l] * factor - shift[l];
            const long double b = static_cast<long double>(c[j * d + l]) * center[j] - shift[l];
            dot += a * b;
            square += b * b;
          }
          const long double truth = square / 2 - dot;
          const long double least = static_cast<long double>(low[i * panel.width + (j - p * s.panel)]) - bound.of_row(extent[i]);
          const long double most = static_cast<long double>(low[i * panel.width + (j - p * s.panel)]) + 2 * width;
          ++products;
          if (!(least <= truth && truth <= most)) ++outside;
          // 1 where the truth touches one end of the interval, 0 in its middle.
          const long double middle = least + width;
          if (width > 0) tightest = std::max(tightest, static_cast<double>(std::abs(truth - middle) / width));
        }
    }
  }
  std::printf("%s | %s | %zu products | %zu violations | largest error / bound %.3f\n", s.name, kind.name, products, outside, tightest);
  return outside != 0 || products == 0 || tightest < kind.tightness;
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t trials = argc > 1 ? std::stoul(argv[1]) : 36;
  const Kind kinds[] = {{"gaussian", false, 0.2},      {"near ties", false, 0.2},     {"duplicates", false, 0.2}, {"huge", false, 0.2},
                        {"near overflow", false, 0.2}, {"outlier dimension", false, 0.2}, {"common part", false, 0.2}, {"unit", true, 0.2},
                        {"offset 1e4", false, 0.2},    {"denormals", false, 0.0},     {"small squares", false, 0.0}, {"many exponents", false, 0.2},
                        {"halfway", false, 0.2},       {"one sign", false, 0.2},      {"zeros", false, 0.2}};
  const simd::Kernels* k = simd::kernels(simd::Level::avx512);
  int failed = 0, ran = 0;
  for (const simd::Screen screen : {simd::Screen::bf16, simd::Screen::int8}) {
    const simd::ScreenKernels* s = simd::screen_kernels(screen, simd::Level::avx512);
    if (!s) continue;
    ++ran;
    for (const Kind& kind : kinds) failed += check(*s, *k, kind, trials);
  }
  std::printf("%d screens, %d failed\n", ran, failed);
  return failed != 0;
}
