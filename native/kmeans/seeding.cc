#include "kmeans/seeding.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <memory>

#include "core/buffer.h"
#include "core/fixed_point.h"
#include "core/parallel.h"
#include "core/philox.h"
#include "kmeans/lottery.h"
#include "kmeans/prospects.h"
#include "kmeans/row_sums.h"
#include "nearest/panels.h"

namespace matomari {

using core::Buffer;

namespace {

Lottery weight_lottery(const KMeansData& data) {
  const std::size_t n = data.points.rows;
  Lottery lottery(n);
  double largest = 1;
  if (data.weight) {
    largest = 0;
    for (std::size_t i = 0; i < n; ++i) largest = std::max(largest, data.weight_of(i));
  }
  const core::FixedSum fixed(largest, n);
  for (std::size_t i = 0; i < n; ++i) lottery.tickets()[i] = fixed.term(data.weight_of(i));
  lottery.recount();
  return lottery;
}

std::int64_t draw(std::int64_t total, std::uint64_t seed, core::Stream stream, std::uint32_t run, std::size_t step,
                  std::size_t index) {
  return static_cast<std::int64_t>(core::draw_below(static_cast<std::uint64_t>(total), seed, stream, run,
                                                    static_cast<std::uint32_t>(step), static_cast<std::uint32_t>(index)));
}

// A row that a candidate would bring nearer to its seed.
struct Gain {
  std::size_t row;
  double distance;
};

class PlusPlus {
 public:
  PlusPlus(core::Context& ctx, const simd::Kernels& k, const KMeansData& data, std::size_t clusters, std::uint64_t seed,
           std::uint32_t run)
      : ctx_(ctx), k_(k), data_(data), d_(data.points.cols), n_(data.points.rows), clusters_(clusters), seed_(seed),
        run_(run), bound_(k, data.inverse_norm ? Metric::cosine : Metric::sqeuclidean, d_), closest_(n_), potential_(n_),
        trials_(2 + static_cast<std::size_t>(std::log(static_cast<double>(clusters)))),
        groups_((trials_ + k.few - 1) / k.few), candidate_(trials_ * d_), packed_(groups_ * k.few * leading(), 0.0f),
        extent_(trials_), half_(trials_) {
    if (data.packed && trials_ <= data.packed->kernels().panel) low_ = std::make_unique<SeedScreen>(*data.packed, data, trials_);
  }

  std::vector<std::size_t> run() {
    std::vector<std::size_t> seeds;
    seeds.push_back(first());
    for (std::size_t step = 1; step < clusters_; ++step) {
      seeds.push_back(next(step));
      ctx_.progress("seed", step + 1, clusters_);
    }
    return seeds;
  }

 private:
  static constexpr std::size_t kBlock = 32;  // rows centred at once; a multiple of every screen's row_tile
  static constexpr std::size_t kGrain = 1024;

  std::size_t leading() const noexcept { return (d_ + 15) / 16 * 16 + 16; }

  void row_value(std::size_t row, double* out) const {
    for (std::size_t l = 0; l < d_; ++l) out[l] = data_.value(row, l);
  }

  std::size_t first() {
    const Lottery weights = weight_lottery(data_);
    const std::size_t row =
        weights.total() > 0 ? weights.row_of(draw(weights.total(), seed_, core::Stream::kmeans_first, run_, 0, 0)) : 0;
    row_value(row, candidate_.data());
    core::parallel_for(ctx_, n_, kGrain, [&](std::size_t begin, std::size_t end, unsigned) {
      squared_distances(k_, data_, begin, end, std::identity{}, [&](std::size_t) { return candidate_.data(); }, closest_.data());
    });
    weigh();
    if (low_)
      for (std::size_t i = 0; i < n_; ++i) low_->set(i, closest_[i]);
    return row;
  }

  // Tickets from weight · squared distance, to the scale of the largest.
  void weigh() {
    double largest = 0;
    for (std::size_t i = 0; i < n_; ++i) largest = std::max(largest, closest_[i] * data_.weight_of(i));
    fixed_ = core::FixedSum(largest, n_);
    for (std::size_t i = 0; i < n_; ++i) potential_.tickets()[i] = fixed_.term(closest_[i] * data_.weight_of(i));
    potential_.recount();
  }

  std::size_t next(std::size_t step) {
    // Once a far outlier is a seed, tickets to its scale would tell the rest no longer apart.
    if (potential_.total() < fixed_.most() >> 10) weigh();
    const std::int64_t total = potential_.total();
    std::vector<std::size_t> rows(trials_);
    for (std::size_t t = 0; t < trials_; ++t)
      // With every point on a seed already there is nothing to tell them apart by: the first row, once more.
      rows[t] = total > 0 ? potential_.row_of(draw(total, seed_, core::Stream::kmeans_trial, run_, step, t)) : 0;
    if (total == 0) return rows[0];
    for (std::size_t t = 0; t < trials_; ++t) row_value(rows[t], candidate_.data() + t * d_);
    // gains[slot][trial]: rows that would change hands, and by how much the potential would fall.
    std::vector<std::vector<std::vector<Gain>>> gains(ctx_.threads(), std::vector<std::vector<Gain>>(trials_));
    std::vector<std::vector<std::int64_t>> fall(ctx_.threads(), std::vector<std::int64_t>(trials_, 0));
    if (low_)
      screen_low(gains, fall);
    else
      screen_float(gains, fall);
    std::size_t best = 0;
    std::int64_t deepest = -1;
    for (std::size_t t = 0; t < trials_; ++t) {
      std::int64_t sum = 0;
      for (const auto& f : fall) sum += f[t];
      if (sum > deepest) {
        deepest = sum;
        best = t;
      }
    }
    for (const auto& of_slot : gains)
      for (const Gain& g : of_slot[best]) {
        closest_[g.row] = g.distance;
        potential_.change(g.row, fixed_.term(g.distance * data_.weight_of(g.row)));
        if (low_) low_->set(g.row, g.distance);
      }
    return rows[best];
  }

  using Gains = std::vector<std::vector<std::vector<Gain>>>;
  using Falls = std::vector<std::vector<std::int64_t>>;

  void screen_float(Gains& gains, Falls& fall) {
    for (std::size_t t = 0; t < trials_; ++t) pack(t);
    Buffer<float> block(ctx_.threads() * kBlock * leading(), 0.0f), dots(ctx_.threads() * kBlock * k_.few);
    core::parallel_for(ctx_, n_, kGrain, [&](std::size_t begin, std::size_t end, unsigned slot) {
      float* const x = block.data() + slot * kBlock * leading();
      float* const dot = dots.data() + slot * kBlock * k_.few;
      Extent extent[kBlock];
      Batch open;
      for (std::size_t at = begin; at < end; at += kBlock) {
        const std::size_t count = std::min(kBlock, end - at);
        for (std::size_t i = 0; i < count; ++i) {
          const float scale = data_.inverse_norm ? static_cast<float>(data_.inverse_norm[at + i]) : 1.0f;
          extent[i] = centered(k_, data_.points.row(at + i), data_.mean, scale, data_.inverse_norm != nullptr, d_, x + i * leading());
        }
        for (std::size_t g = 0; g < groups_; ++g) {
          k_.dot_few(x, packed_.data() + g * k_.few * leading(), leading(), count, (d_ + k_.lanes - 1) / k_.lanes * k_.lanes, dot);
          const std::size_t columns = std::min(k_.few, trials_ - g * k_.few);
          for (std::size_t i = 0; i < count; ++i)
            for (std::size_t c = 0; c < columns; ++c)
              consider(at + i, g * k_.few + c, extent[i], static_cast<double>(dot[i * k_.few + c]), open, gains[slot], fall[slot]);
        }
      }
      measure(open, gains[slot], fall[slot]);
    });
  }

  void screen_low(Gains& gains, Falls& fall) {
    const simd::ScreenKernels& kernels = low_->packed.kernels();
    const bool bounded = low_->aim([&](std::size_t t, double* out) {
      for (std::size_t l = 0; l < d_; ++l) out[l] = candidate_[t * d_ + l] - static_cast<double>(data_.mean[l]);
      return 0.0;
    });
    const simd::ScreenPanel panel = low_->panels.panel(0);
    const std::uint64_t all = ~std::uint64_t{0} >> (64 - trials_);
    std::vector<Prospects> prospects(ctx_.threads(), Prospects(trials_));
    Buffer<float> scores(ctx_.threads() * kBlock * panel.width);
    core::parallel_for(ctx_, n_, kGrain, [&](std::size_t begin, std::size_t end, unsigned slot) {
      float* const low = scores.data() + slot * kBlock * panel.width;
      std::uint64_t hits[kBlock];
      for (std::size_t at = begin; at < end; at += kBlock) {
        const std::size_t count = std::min(kBlock, end - at);
        const std::size_t padded = (count + kernels.row_tile - 1) / kernels.row_tile * kernels.row_tile;
        kernels.low_below(low_->packed.from(at), padded, panel, low_->limit.data() + at, low, hits);
        for (std::size_t i = 0; i < count; ++i)
          if (const std::uint64_t found = bounded ? hits[i] & all : all; found != 0)
            prospects[slot].add(*low_, at + i, found, low + i * panel.width, data_.weight_of(at + i));
      }
    });
    const std::uint64_t kept = contenders(prospects, static_cast<double>(n_) * fixed_.value(2));
    for (const Prospects& of_slot : prospects)
      core::parallel_for(ctx_, of_slot.rows.size(), 256, [&](std::size_t begin, std::size_t end, unsigned slot) {
        Batch open;
        for (std::size_t i = begin; i < end; ++i) {
          const std::uint64_t found = of_slot.rows[i].candidates & kept;
          if (found == 0) continue;
          const char* const ahead = reinterpret_cast<const char*>(data_.points.row(of_slot.rows[std::min(i + 3, end - 1)].row));
          for (std::size_t byte = 0; byte < d_ * sizeof(float); byte += 64) __builtin_prefetch(ahead + byte);
          for (std::uint64_t h = found; h != 0; h &= h - 1) {
            open.row[open.count] = of_slot.rows[i].row;
            open.trial[open.count++] = static_cast<std::size_t>(std::countr_zero(h));
            if (open.count == Batch::kMost) measure(open, gains[slot], fall[slot]);
          }
        }
        measure(open, gains[slot], fall[slot]);
      });
  }

  // Pairs of row and candidate that wait to be measured together.
  struct Batch {
    static constexpr std::size_t kMost = 64;
    std::size_t count = 0;
    std::size_t row[kMost], trial[kMost];
  };

  void measure(Batch& open, std::vector<std::vector<Gain>>& gains, std::vector<std::int64_t>& fall) const {
    double out[Batch::kMost];
    squared_distances(k_, data_, 0, open.count, [&](std::size_t i) { return open.row[i]; },
                      [&](std::size_t i) { return candidate_.data() + open.trial[i] * d_; }, out);
    for (std::size_t i = 0; i < open.count; ++i) take(open.row[i], open.trial[i], out[i], gains, fall);
    open.count = 0;
  }

  void take(std::size_t row, std::size_t t, double exact, std::vector<std::vector<Gain>>& gains, std::vector<std::int64_t>& fall) const {
    if (!(exact < closest_[row])) return;
    gains[t].push_back({row, exact});
    fall[t] += potential_.ticket(row) - fixed_.term(exact * data_.weight_of(row));
  }

  void pack(std::size_t t) {
    const double* const c = candidate_.data() + t * d_;
    float* const out = packed_.data() + t * leading();
    double square = 0;
    for (std::size_t l = 0; l < d_; ++l) {
      const double v = c[l] - static_cast<double>(data_.mean[l]);
      square += v * v;
      out[l] = static_cast<float>(v);
    }
    half_[t] = square / 2;
    extent_[t].norm = std::sqrt(square) * (1 + 2 * kUnit32) + 1e-40 * static_cast<double>(d_);
    extent_[t].error = extent_[t].norm * kUnit32 + 1e-44 * static_cast<double>(d_);
  }

  // Takes note when candidate t is nearer to the row than its seed. The screen skips rows that are proven not to be:
  // ‖x − c‖² ≥ ‖x'‖² + ‖c'‖² − 2(x'·c' + error), where ‖x'‖² itself may be short by its own rounding.
  void consider(std::size_t row, std::size_t t, const Extent& x, double dot, Batch& open, std::vector<std::vector<Gain>>& gains,
                std::vector<std::int64_t>& fall) const {
    const double error = bound_(x, extent_[t], half_[t]);
    const double n = static_cast<double>(d_);
    const double square = x.norm * x.norm * (1 - (8 * n + 64) * kUnit32) - 2 * x.norm * x.error - n * 2e-44;
    const double least = square + 2 * (half_[t] - dot - error);
    if (least >= closest_[row]) return;
    open.row[open.count] = row;
    open.trial[open.count++] = t;
    if (open.count == Batch::kMost) measure(open, gains, fall);
  }

  core::Context& ctx_;
  const simd::Kernels& k_;
  const KMeansData& data_;
  std::size_t d_, n_, clusters_;
  std::uint64_t seed_;
  std::uint32_t run_;
  ScoreBound bound_;
  Buffer<double> closest_;
  Lottery potential_;
  core::FixedSum fixed_{1, 1};
  std::size_t trials_, groups_;
  Buffer<double> candidate_;
  Buffer<float> packed_;
  std::vector<Extent> extent_;
  std::vector<double> half_;
  std::unique_ptr<SeedScreen> low_;
};

}  // namespace

std::vector<std::size_t> seed_plus_plus(core::Context& ctx, const simd::Kernels& k, const KMeansData& data,
                                        std::size_t clusters, std::uint64_t seed, std::uint32_t run) {
  return PlusPlus(ctx, k, data, clusters, seed, run).run();
}

std::vector<std::size_t> seed_random(core::Context& ctx, const KMeansData& data, std::size_t clusters,
                                     std::uint64_t seed, std::uint32_t run) {
  Lottery lottery = weight_lottery(data);
  std::vector<std::size_t> seeds;
  std::vector<bool> taken(data.points.rows, false);
  std::int64_t total = lottery.total();
  std::size_t spare = 0;
  for (std::size_t step = 0; step < clusters; ++step) {
    if (step % 1024 == 0) ctx.check();
    std::size_t row;
    if (total > 0) {
      row = lottery.row_of(draw(total, seed, core::Stream::kmeans_random, run, step, 0));
    } else {  // only rows of no weight are left
      while (taken[spare]) ++spare;
      row = spare;
    }
    taken[row] = true;
    total -= lottery.ticket(row);
    lottery.change(row, 0);
    seeds.push_back(row);
  }
  return seeds;
}

}  // namespace matomari
