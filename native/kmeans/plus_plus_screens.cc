// The screens of PlusPlus.
#include <bit>

#include "core/parallel.h"
#include "kmeans/plus_plus.h"

namespace matomari {

void PlusPlus::screen_float(Gains& gains, Falls& fall) {
  for (std::size_t t = 0; t < trials_; ++t) pack(t);
  core::Buffer<float> block(ctx_.threads() * kBlock * leading(), 0.0f), dots(ctx_.threads() * kBlock * k_.few);
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

void PlusPlus::screen_low(Gains& gains, Falls& fall) {
  const simd::ScreenKernels& kernels = low_->packed.kernels();
  const bool bounded = low_->aim([&](std::size_t t, double* out) {
    for (std::size_t l = 0; l < d_; ++l) out[l] = candidate_[t * d_ + l] - static_cast<double>(data_.mean[l]);
    return 0.0;
  });
  const simd::ScreenPanel panel = low_->panels.panel(0);
  const std::uint64_t all = ~std::uint64_t{0} >> (64 - trials_);
  std::vector<Prospects> prospects(ctx_.threads(), Prospects(trials_));
  core::Buffer<float> scores(ctx_.threads() * kBlock * panel.width);
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

void PlusPlus::pack(std::size_t t) {
  const double* const c = candidate_.data() + t * d_;
  float* const out = packed_.data() + t * leading();
  double square = 0;
  for (std::size_t l = 0; l < d_; ++l) {
    const double v = c[l] - static_cast<double>(data_.mean[l]);
    square += v * v;
    out[l] = static_cast<float>(v);
  }
  half_[t] = square / 2;
  extent_[t] = rounded_once(square, d_);
}

// Takes note when candidate t is nearer to the row than its seed. The screen skips rows that are proven not to be:
// ‖x − c‖² ≥ ‖x'‖² + ‖c'‖² − 2(x'·c' + error), where ‖x'‖² itself may be short by its own rounding.
void PlusPlus::consider(std::size_t row, std::size_t t, const Extent& x, double dot, Batch& open, std::vector<std::vector<Gain>>& gains,
              std::vector<std::int64_t>& fall) const {
  const double error = bound_(x, extent_[t], half_[t]);
  const double least = least_square(x, x.error, d_) + 2 * (half_[t] - dot - error);
  if (least >= closest_[row]) return;
  open.row[open.count] = row;
  open.trial[open.count++] = t;
  if (open.count == Batch::kMost) measure(open, gains, fall);
}

}  // namespace matomari
