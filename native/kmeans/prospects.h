#pragma once
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "core/buffer.h"
#include "kmeans/seeding.h"
#include "nearest/screen_panels.h"

// What a low-precision screen tells k-means++ of the candidates of a step.
namespace matomari {

// Candidates as targets, and for each row the score that a candidate must beat to be nearer than the seed the row has.
struct SeedScreen {
  SeedScreen(const PackedRows& packed_rows, const KMeansData& data, std::size_t trials)
      : packed(packed_rows), bound(packed.kernels(), data.inverse_norm ? Metric::cosine : Metric::sqeuclidean, data.points.cols),
        panels(packed.kernels(), bound, trials, data.points.cols), limit((data.points.rows + 63) / 64 * 64, 0.0f), d(data.points.cols),
        column(trials), norm(trials), error(trials) {}

  // ‖x − c‖² = 2 · score + ‖x'‖², and the kernels give a score less of_row at the least.
  void set(std::size_t row, double closest) {
    const Extent& x = packed.extent(row);
    const double v = (closest - least_square(x, usual_error(x.norm), d)) / 2 + bound.of_row(x);
    limit[row] = v < 1e37 && x.norm + x.error < 1e18 ? at_least(v) : std::numeric_limits<float>::infinity();
  }

  // Takes target(t, out) as the candidates. False where scores have no bound, and so decide nothing.
  template <class Target>
  bool aim(Target&& target) {
    const std::size_t trials = column.size();
    panels.fill(0, trials, true, target);
    bool bounded = true;
    for (std::size_t t = 0; t < trials; ++t) {
      const Extent& c = panels.extent(t);
      bounded &= c.norm + c.error < 1e18;
      column[t] = bound.of_column(c, panels.offset(t));
      norm[t] = c.norm;
      error[t] = bound.error(c);
    }
    return bounded;
  }

  const PackedRows& packed;
  ScreenBound bound;
  ScreenPanels panels;
  core::Buffer<float> limit;
  std::size_t d;
  std::vector<double> column, norm, error;  // of each candidate: the parts of its bound
};

// The rows that candidates might gain, and for each candidate between what limits the fall of the potential lies.
struct Prospects {
  struct Row {
    std::size_t row;
    std::uint64_t candidates;
  };
  explicit Prospects(std::size_t trials) : least(trials, 0.0), most(trials, 0.0) {}

  void add(const SeedScreen& screen, std::size_t row, std::uint64_t candidates, const float* low, double weight) {
    rows.push_back({row, candidates});
    const Extent& x = screen.packed.extent(row);
    const auto limit = static_cast<double>(screen.limit[row]);
    const double error = x.error, length = ScreenBound::length(x);
    const double blur = 6 * screen.bound.of_row(x) + (most_square(x, usual_error(x.norm)) - least_square(x, usual_error(x.norm), screen.d)) + 1e-6 * std::abs(limit);
    for (std::uint64_t h = candidates; h != 0; h &= h - 1) {
      const auto t = static_cast<std::size_t>(std::countr_zero(h));
      const double high = 2 * (limit - static_cast<double>(low[t]));
      const double width = blur + 4 * (1 + 0x1p-20) * (screen.column[t] + error * screen.norm[t] + length * screen.error[t]);
      most[t] += weight * high;
      least[t] += weight * std::max(0.0, high - width);
    }
  }

  std::vector<Row> rows;
  std::vector<double> least, most;
};

// The candidates that are not proven to lower the potential less than another one, as bits. `blur`: how far whole-number tickets
// may take a sum from the potential.
inline std::uint64_t contenders(const std::vector<Prospects>& prospects, double blur) {
  const std::size_t trials = prospects.front().least.size();
  std::vector<double> most(trials, 0.0);
  double best = 0;
  for (std::size_t t = 0; t < trials; ++t) {
    double least = 0;
    for (const Prospects& p : prospects) {
      least += p.least[t];
      most[t] += p.most[t];
    }
    const double slack = most[t] * 1e-9 + blur;
    most[t] += slack;
    best = std::max(best, least - slack);
  }
  std::uint64_t kept = 0;
  for (std::size_t t = 0; t < trials; ++t)
    if (!(most[t] < best)) kept |= std::uint64_t{1} << t;
  return kept;
}

}  // namespace matomari
