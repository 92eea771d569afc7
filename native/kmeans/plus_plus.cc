#include "kmeans/plus_plus.h"

#include <cmath>
#include <functional>

#include "core/parallel.h"
#include "kmeans/row_sums.h"

namespace matomari {

PlusPlus::PlusPlus(core::Context& ctx, const simd::Kernels& k, const KMeansData& data, std::size_t clusters, std::uint64_t seed,
                   std::uint32_t run)
    : ctx_(ctx), k_(k), data_(data), d_(data.points.cols), n_(data.points.rows), clusters_(clusters), seed_(seed),
      run_(run), bound_(k, data.inverse_norm ? Metric::cosine : Metric::sqeuclidean, d_), closest_(n_), potential_(n_),
      trials_(2 + static_cast<std::size_t>(std::log(static_cast<double>(clusters)))),
      groups_((trials_ + k.few - 1) / k.few), candidate_(trials_ * d_), packed_(groups_ * k.few * leading(), 0.0f),
      extent_(trials_), half_(trials_) {
  if (data.packed && trials_ <= data.packed->kernels().panel) low_ = std::make_unique<SeedScreen>(*data.packed, data, trials_);
}

std::vector<std::size_t> PlusPlus::run() {
  std::vector<std::size_t> seeds;
  seeds.push_back(first());
  for (std::size_t step = 1; step < clusters_; ++step) {
    seeds.push_back(next(step));
    ctx_.progress("seed", step + 1, clusters_);
  }
  return seeds;
}

void PlusPlus::row_value(std::size_t row, double* out) const {
  for (std::size_t l = 0; l < d_; ++l) out[l] = data_.value(row, l);
}

std::size_t PlusPlus::first() {
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
void PlusPlus::weigh() {
  double largest = 0;
  for (std::size_t i = 0; i < n_; ++i) largest = std::max(largest, closest_[i] * data_.weight_of(i));
  fixed_ = core::FixedSum(largest, n_);
  for (std::size_t i = 0; i < n_; ++i) potential_.tickets()[i] = fixed_.term(closest_[i] * data_.weight_of(i));
  potential_.recount();
}

std::size_t PlusPlus::next(std::size_t step) {
  // Once a far outlier is a seed, tickets to its scale would tell the rest no longer apart.
  if (potential_.total() < fixed_.most() >> 10) weigh();
  const std::int64_t total = potential_.total();
  std::vector<std::size_t> rows(trials_);
  for (std::size_t t = 0; t < trials_; ++t)
    // With every point on a seed already there is nothing to tell them apart by: the first row, once more.
    rows[t] = total > 0 ? potential_.row_of(draw(total, seed_, core::Stream::kmeans_trial, run_, step, t)) : 0;
  if (total == 0) return rows[0];
  for (std::size_t t = 0; t < trials_; ++t) row_value(rows[t], candidate_.data() + t * d_);
  Gains gains(ctx_.threads(), std::vector<std::vector<Gain>>(trials_));
  Falls fall(ctx_.threads(), std::vector<std::int64_t>(trials_, 0));
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

void PlusPlus::measure(Batch& open, std::vector<std::vector<Gain>>& gains, std::vector<std::int64_t>& fall) const {
  double out[Batch::kMost];
  squared_distances(k_, data_, 0, open.count, [&](std::size_t i) { return open.row[i]; },
                    [&](std::size_t i) { return candidate_.data() + open.trial[i] * d_; }, out);
  for (std::size_t i = 0; i < open.count; ++i) take(open.row[i], open.trial[i], out[i], gains, fall);
  open.count = 0;
}

void PlusPlus::take(std::size_t row, std::size_t t, double exact, std::vector<std::vector<Gain>>& gains, std::vector<std::int64_t>& fall) const {
  if (!(exact < closest_[row])) return;
  gains[t].push_back({row, exact});
  fall[t] += potential_.ticket(row) - fixed_.term(exact * data_.weight_of(row));
}

}  // namespace matomari
