// Tries to break the bound of the low-precision screens: counts scores that lie outside the interval it promises, against
// long double sums, over data made to be awkward. Prints `screen kind products violations tightness`; fails on any
// violation, and where a bound is so wide that the check would mean nothing.
#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "kmeans/few.h"
#include "kmeans/layers.h"
#include "nearest/screen_panels.h"
#include "nearest/slots.h"

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
  // As far apart as two layers of int8 can just tell.
  if (kind == "close")
    for (std::size_t i = 0; i < c.size(); ++i) c[i] = c[i % d] + static_cast<float>(normal() * std::ldexp(1.0, static_cast<int>(uniform(-14, -8))));
  // The longest vectors that a largest number allows, and products as large as can be.
  if (kind == "signs") each([](std::size_t) { return uniform(0, 1) < 0.5 ? -1.0 : 1.0; });
  if (kind == "duplicates" || kind == "signs") {
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

// Rows and targets of one trial, less a common vector, and for cosine brought to length 1.
struct Trial {
  Trial(const Kind& kind, std::size_t t) : d(dims[t % std::size(dims)]), unit(kind.unit), x(n * d), c(m * d), shift(d, 0.0f), inverse(n, 1.0), wide(m * d) {
    fill(kind.name, x, c, d);
    for (std::size_t i = 0; unit && i < n; ++i) inverse[i] = 1 / std::sqrt(dot_product(&x[i * d], &x[i * d], d));
    for (std::size_t j = 0; j < m; ++j) {
      const double center = unit ? 1 / std::sqrt(dot_product(&c[j * d], &c[j * d], d)) : 1.0;
      for (std::size_t l = 0; l < d; ++l) wide[j * d + l] = static_cast<double>(c[j * d + l]) * center;
    }
    if (t % 3 == 0) return;  // shifted by the mean, as in use; every third time not
    for (std::size_t l = 0; l < d; ++l) {
      double sum = 0;
      for (std::size_t i = 0; i < n; ++i) sum += static_cast<double>(x[i * d + l]) * inverse[i];
      shift[l] = static_cast<float>(sum / static_cast<double>(n));
    }
  }

  Metric metric() const { return unit ? Metric::cosine : Metric::sqeuclidean; }
  RowSource rows() const { return {{x.data(), n, d}, unit ? inverse.data() : nullptr, shift.data()}; }
  void pack(ScreenPanels& panels, const simd::ScreenKernels& s) const {
    for (std::size_t p = 0; p * s.panel < m; ++p)
      panels.fill(p, m, true, [&](std::size_t j, double* out) {
        for (std::size_t l = 0; l < d; ++l) out[l] = wide[j * d + l] - static_cast<double>(shift[l]);
        return 0.0;
      });
  }
  long double truth(std::size_t i, std::size_t j) const {
    long double dot = 0, square = 0, length = 0;
    for (std::size_t l = 0; unit && l < d; ++l) length += static_cast<long double>(x[i * d + l]) * x[i * d + l];
    const long double factor = unit ? 1 / std::sqrt(length) : 1.0L;
    for (std::size_t l = 0; l < d; ++l) {
      const long double a = x[i * d + l] * factor - shift[l];
      const long double b = static_cast<long double>(wide[j * d + l]) - shift[l];
      dot += a * b;
      square += b * b;
    }
    return square / 2 - dot;
  }

  long double square(std::size_t i) const {
    long double sum = 0, length = 0;
    for (std::size_t l = 0; l < d; ++l) length += static_cast<long double>(x[i * d + l]) * x[i * d + l];
    const long double factor = unit ? 1 / std::sqrt(length) : 1.0L;
    for (std::size_t l = 0; l < d; ++l) {
      const long double a = x[i * d + l] * factor - shift[l];
      sum += a * a;
    }
    return sum;
  }

  static constexpr std::size_t dims[] = {1, 2, 3, 5, 16, 31, 64, 100, 257}, n = 64, m = 100;
  std::size_t d;
  bool unit;
  std::vector<float> x, c, shift;
  std::vector<double> inverse, wide;
};

// Counts what lies outside its interval, and how near to an end of it the rest comes.
struct Tally {
  std::size_t products = 0, outside = 0;
  double tightest = 0;
  void add(long double truth, long double least, long double most) {
    ++products;
    if (!(least <= truth && truth <= most)) ++outside;
    const long double width = (most - least) / 2;
    // 1 where the truth touches one end of the interval, 0 in its middle.
    if (width > 0) tightest = std::max(tightest, static_cast<double>(std::abs(truth - (least + width)) / width));
  }
  bool report(const char* screen, const Kind& kind, double tightness) const {
    std::printf("%s | %s | %zu products | %zu violations | largest error / bound %.3f\n", screen, kind.name, products, outside, tightest);
    return outside != 0 || products == 0 || tightest < tightness;
  }
};

int check(const simd::ScreenKernels& s, const simd::Kernels& k, const Kind& kind, std::size_t trials) {
  Tally tally;
  for (std::size_t t = 0; t < trials; ++t) {
    const Trial trial(kind, t);
    const std::size_t d = trial.d, n = trial.n, m = trial.m;
    const ScreenBound bound(s, trial.metric(), d);
    ScreenPanels panels(s, bound, m, d);
    trial.pack(panels, s);
    RowBlock block(n, (d + s.per_group - 1) / s.per_group);
    std::vector<Extent> extent(n);
    std::vector<float> work(d), limit(n, FLT_MAX), low(n * s.panel);
    for (std::size_t i = 0; i < n; ++i) {
      float scale;
      extent[i] = pack_row(k, s, trial.rows(), i, work.data(), block.groups(i), &scale);
      block.put(i, scale, extent[i]);
    }
    std::vector<std::uint64_t> hits(n);
    // With the error of the worst row of each tile, and longer tags than so few panels need.
    const Slots slots(100, s.panel, s.lanes);
    Extent least = panels.extent(0);
    for (std::size_t j = 1; j < m; ++j) least = {std::min(least.norm, panels.extent(j).norm), std::min(least.error, panels.extent(j).error)};
    for (std::size_t p = 0; p * s.panel < m; ++p) {
      const simd::ScreenPanel panel = panels.panel(p);
      std::vector<float> found(n * slots.ld());
      s.low_best(block.view(), n, panel, slots.of_panel(found.data(), 0));
      for (std::size_t i = 0; i < n; ++i) {
        const TileShare tile(block.view(), i / s.row_tile * s.row_tile, s.row_tile), excess = tile.beyond(block.view(), i);
        if (!(bound(tile.worst(), panels.widest(p), panels.highest(p)) < 1e37)) continue;  // nothing is promised
        for (std::size_t lane = 0; lane < s.lanes; ++lane) {
          const float score = found[i * slots.ld() + s.lanes + lane];
          const std::size_t j = p * s.panel + slots.column(score, lane);
          if (j >= m) continue;
          const Slots::Between between = slots.untagged(score);
          const double more = excess.of(panels.extent(j), bound);
          tally.add(trial.truth(i, j), between.low + more - bound.of_row(extent[i]),
                    between.high + (1 + 0x1p-20) * more + bound.width(extent[i], panels.extent(j), panels.offset(j)));
          for (std::size_t other = p * s.panel + lane; other < std::min(m, p * s.panel + panel.width); other += s.lanes)
            if (trial.truth(i, other) < between.low + excess.of(least, bound) - bound.of_row(extent[i])) ++tally.outside;
        }
      }
      s.low_below(block.view(), n, panel, limit.data(), low.data(), hits.data());
      for (std::size_t j = p * s.panel; j < std::min(m, p * s.panel + panel.width); ++j)
        for (std::size_t i = 0; i < n; ++i) {
          if (!(bound(extent[i], panels.widest(p), panels.highest(p)) < 1e37)) continue;  // nothing is promised
          const long double found = static_cast<long double>(low[i * panel.width + (j - p * s.panel)]);
          tally.add(trial.truth(i, j), found - bound.of_row(extent[i]), found + 2 * bound(extent[i], panels.extent(j), panels.offset(j)));
        }
    }
  }
  return tally.report(s.name, kind, kind.tightness);
}

// The scores of both layers; and of the centroids that a screen drops, none may be nearer than its limit, nor than `least`.
int check_layers(const simd::ScreenKernels& s, const simd::Kernels& k, const Kind& kind, std::size_t trials) {
  Tally tally;
  for (std::size_t t = 0; t < trials; ++t) {
    const Trial trial(kind, t);
    const std::size_t d = trial.d, n = trial.n, m = trial.m;
    core::Context ctx(1);
    RowLayers second(n, d, false);
    const PackedRows first(ctx, k, s, trial.rows(), [&](auto&&... row) { second.pack(row...); });
    CentroidLayers layers(s, trial.metric(), m, d);
    layers.set(ctx, trial.wide.data(), trial.shift.data());
    const ScreenBound bound(s, trial.metric(), d);
    ScreenPanels panels(s, bound, m, d);
    trial.pack(panels, s);
    std::vector<float> limit(n), least(n * s.lanes, FLT_MAX);
    std::vector<std::int32_t> own(n);
    std::vector<std::uint64_t> hits(n);
    for (std::size_t i = 0; i < n; ++i) {
      const CentroidLayers::Row row{first.groups(i), second.second(i), first.scale(i), {first.extent(i).norm, second.error(i)}};
      for (std::size_t j = 0; j < m; ++j) {
        const CentroidLayers::Interval score = layers.score(row, j);
        if (!(score.high < 1e37)) continue;  // nothing is promised
        tally.add(trial.truth(i, j), score.low, score.high);
        if (j != (i + t) % m) continue;
        own[i] = static_cast<std::int32_t>(j);
        limit[i] = at_least(score.high + bound.of_row(first.extent(i)));
      }
    }
    for (std::size_t p = 0; p * s.panel < m; ++p) {
      const std::size_t base = p * s.panel;
      s.low_rivals(first.from(0), n, panels.panel(p), static_cast<std::int32_t>(base), own.data(), limit.data(), least.data(), hits.data());
      for (std::size_t i = 0; i < n; ++i) {
        if (!(first.extent(i).error < 1e18) || !(limit[i] < 1e37f)) continue;
        const double lowest = static_cast<double>(*std::min_element(&least[i * s.lanes], &least[i * s.lanes] + s.lanes));
        for (std::size_t j = base; j < std::min(m, base + s.panel); ++j) {
          const bool hit = hits[i] >> (j - base) & 1;
          if (static_cast<std::size_t>(own[i]) == j ? hit
                                                    : !hit && trial.truth(i, j) < static_cast<long double>(std::max(lowest, static_cast<double>(limit[i]))) - bound.of_row(first.extent(i)))
            ++tally.outside;
        }
      }
    }
  }
  // Two layers are exact for some kinds.
  return tally.report("two layers of int8", kind, kind.name == std::string("gaussian") ? 0.5 : 0.0);
}

// What Few says of some centroids: which is nearest, how far away it is at most, and every other at least.
class FewOf {
 public:
  FewOf(const simd::ScreenKernels& s, const simd::Kernels& k, const Trial& trial, std::size_t clusters)
      : trial_(trial), clusters_(clusters), second_(trial.n, trial.d, true),
        first_(ctx_, k, s, trial.rows(), [&](auto&&... row) { second_.pack(row...); }), few_(trial.metric(), clusters, trial.rows().points, first_, second_) {
    for (std::size_t i = 0; i < trial.n; ++i) ids_.push_back(static_cast<std::uint32_t>(i));
  }
  // The centroids from `first` on. Every truth is the end of an interval for Tally; returns the rows that were settled.
  std::size_t check(std::size_t first, Tally& tally) {
    const std::vector<std::int32_t> previous(trial_.n, 0);
    std::vector<std::int32_t> label(trial_.n, -1);
    std::vector<float> upper(trial_.n), lower(trial_.n);
    std::vector<std::uint32_t> open;
    few_.set(trial_.wide.data() + first * trial_.d, trial_.shift.data());
    few_.assign(ctx_, ids_, previous.data(), label.data(), {upper.data(), lower.data()}, open);
    for (std::size_t i = 0; i < trial_.n; ++i) {
      if (label[i] < 0) continue;
      const long double square = trial_.square(i);
      const auto distance = [&](std::size_t j) { return std::sqrt(std::max(0.0L, 2 * trial_.truth(i, first + j) + square)); };
      for (std::size_t j = 0; j < clusters_; ++j) {
        const bool own = static_cast<std::size_t>(label[i]) == j;
        tally.add(distance(j), own ? 0 : static_cast<long double>(lower[i]), own ? static_cast<long double>(upper[i]) : HUGE_VALL);
        if (!own && trial_.truth(i, first + j) <= trial_.truth(i, first + static_cast<std::size_t>(label[i]))) ++tally.outside;
      }
    }
    return trial_.n - open.size();
  }

 private:
  core::Context ctx_{1};
  const Trial& trial_;
  std::size_t clusters_;
  RowLayers second_;
  PackedRows first_;
  Few few_;
  std::vector<std::uint32_t> ids_;
};

// All centroids at once, and by twos, where each is the best or the second best of every row.
int check_few(const simd::ScreenKernels& s, const simd::Kernels& k, const Kind& kind, std::size_t trials) {
  Tally tally;
  std::size_t settled = 0, rows = 0;
  for (std::size_t t = 0; t < trials; ++t) {
    const Trial trial(kind, t);
    FewOf(s, k, trial, trial.m).check(0, tally);
    FewOf two(s, k, trial, 2);
    for (std::size_t j = 0; j + 1 < trial.m; ++j, rows += trial.n) settled += two.check(j, tally);
  }
  const double share = static_cast<double>(settled) / static_cast<double>(rows);
  std::printf("words of 16 bits | %s | %zu distances | %zu violations | settled %.3f\n", kind.name, tally.products, tally.outside, share);
  return tally.outside != 0 || (kind.name == std::string("gaussian") && share < 0.95);
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t trials = argc > 1 ? std::stoul(argv[1]) : 36;
  const Kind kinds[] = {{"gaussian", false, 0.2},      {"near ties", false, 0.2},     {"duplicates", false, 0.2}, {"huge", false, 0.2},
                        {"close", false, 0.2},         {"signs", false, 0.0},
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
    for (const Kind& kind : kinds) failed += s->layered_products && check_layers(*s, *k, kind, trials);
    for (const Kind& kind : kinds) failed += s->few_nearest && check_few(*s, *k, kind, trials);
  }
  std::printf("%d screens, %d failed\n", ran, failed);
  return failed != 0;
}
