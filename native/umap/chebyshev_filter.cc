#include "umap/chebyshev_filter.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/buffer.h"
#include "core/parallel.h"
#include "core/philox.h"
#include "pca/eigen.h"

namespace matomari {

using core::Buffer;

namespace {

constexpr std::size_t kDegree = 24;  // of the Chebyshev polynomial between two Rayleigh–Ritz steps
constexpr int kRounds = 12;
constexpr double kEnough = 0.02;     // residual against the eigenvalue of the Laplacian
constexpr std::size_t kPart = 2048;  // rows whose products are added up together: part of the result

class Subspace {
 public:
  Subspace(core::Context& ctx, const Graph& graph, std::size_t wanted)
      : ctx_(ctx), graph_(graph), n_(graph.rows), wanted_(wanted), width_((wanted + kFilterGuard + 1) / 2 * 2),
        root_(n_), scaled_(static_cast<std::size_t>(graph.indptr[n_])), x_(n_ * width_), y_(n_ * width_),
        z_(n_ * width_), partial_((n_ + kPart - 1) / kPart * 2 * width_ * width_), values_(width_) {
    for_rows([&](std::size_t i) {
      double degree = 0;
      for (std::size_t e = first(i); e < first(i + 1); ++e) degree += static_cast<double>(graph_.weights[e]);
      root_[i] = std::sqrt(degree);
    });
    double square = 0;
    for (std::size_t i = 0; i < n_; ++i) square += root_[i] * root_[i];
    norm_ = std::sqrt(square);
    for_rows([&](std::size_t i) {
      for (std::size_t e = first(i); e < first(i + 1); ++e)
        scaled_[e] = static_cast<double>(graph_.weights[e]) / (root_[i] * root_[static_cast<std::size_t>(graph_.indices[e])]);
      for (std::size_t c = 0; c < width_; ++c) {
        const auto r = core::philox({static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(c), 0,
                                     static_cast<std::uint32_t>(core::Stream::umap_spectral)}, 0);
        x_[i * width_ + c] = static_cast<double>(r[0]) * 0x1p-31 - 1;
      }
    });
  }

  void solve(double* out) {
    double low = 0;  // below it eigenvalues are damped
    for (int round = 0; round < kRounds; ++round) {
      filter(low);
      const double worst = rayleigh_ritz();
      ctx_.progress("spectral", static_cast<std::uint64_t>(round) + 1, kRounds);
      if (worst < kEnough) break;
      low = std::max(0.0, values_[width_ - 1]);
    }
    for_rows([&](std::size_t i) {
      for (std::size_t c = 0; c < wanted_; ++c) out[i * wanted_ + c] = x_[i * width_ + c];
    });
  }

 private:
  std::size_t first(std::size_t i) const noexcept { return static_cast<std::size_t>(graph_.indptr[i]); }

  template <class Row>
  void for_rows(Row&& row) {
    core::parallel_for(ctx_, n_, kPart, [&](std::size_t begin, std::size_t end, unsigned) {
      for (std::size_t i = begin; i < end; ++i) row(i);
    });
  }

  // out = scale · (M · in − centre · in) − drop · before, one row after another.
  template <std::size_t Width>
  void multiply_as(const double* in, double scale, double centre, double drop, const double* before, double* out) {
    const std::size_t width = Width ? Width : width_;
    for_rows([&](std::size_t i) {
      constexpr std::size_t most = Width ? Width : 64;
      double sum[most];
      for (std::size_t base = 0; base < width; base += most) {
        const std::size_t count = Width ? Width : std::min(most, width - base);
        for (std::size_t c = 0; c < count; ++c) sum[c] = 0;
        for (std::size_t e = first(i); e < first(i + 1); ++e) {
          const double w = scaled_[e];
          const double* const row = in + static_cast<std::size_t>(graph_.indices[e]) * width + base;
          for (std::size_t c = 0; c < count; ++c) sum[c] += w * row[c];
        }
        const std::size_t at = i * width + base;
        for (std::size_t c = 0; c < count; ++c) {
          const double v = scale * (sum[c] - centre * in[at + c]);
          out[at + c] = drop == 0 ? v : v - drop * before[at + c];
        }
      }
    });
  }
  void multiply(const double* in, double scale, double centre, double drop, const double* before, double* out) {
    if (width_ == 8)
      multiply_as<8>(in, scale, centre, drop, before, out);
    else
      multiply_as<0>(in, scale, centre, drop, before, out);
  }

  // x = T(x), where T is the Chebyshev polynomial of kDegree that stays within ±1 on [−1, low] and grows beyond.
  void filter(double low) {
    const double half = (low + 1) / 2, centre = (low - 1) / 2;
    // The recurrence is scaled so that nothing overflows (the growth at eigenvalue 1 is divided out).
    const double one = half / (1 - centre);
    double sigma = one;
    multiply(x_.data(), sigma / half, centre, 0, nullptr, y_.data());
    for (std::size_t step = 2; step <= kDegree; ++step) {
      const double next = 1 / (2 / one - sigma);
      multiply(y_.data(), 2 * next / half, centre, sigma * next, x_.data(), z_.data());
      std::swap(x_, y_);
      std::swap(y_, z_);
      sigma = next;
    }
    std::swap(x_, y_);
  }

  // Sums of products of columns over all rows, added up part by part: sums(i) adds row i's to its part.
  template <class Row>
  void reduce(std::size_t size, double* out, Row&& row) {
    const std::size_t parts = (n_ + kPart - 1) / kPart;
    core::parallel_for(ctx_, parts, 1, [&](std::size_t begin, std::size_t end, unsigned) {
      for (std::size_t p = begin; p < end; ++p) {
        double* const sum = partial_.data() + p * size;
        std::fill_n(sum, size, 0.0);
        for (std::size_t i = p * kPart; i < std::min(n_, (p + 1) * kPart); ++i) row(i, sum);
      }
    });
    std::fill_n(out, size, 0.0);
    for (std::size_t p = 0; p < parts; ++p)
      for (std::size_t s = 0; s < size; ++s) out[s] += partial_[p * size + s];
  }

  // Takes the known eigenvector out of x, makes its columns orthonormal (Cholesky of the Gram matrix, twice).
  void orthonormalize() {
    const std::size_t b = width_;
    std::vector<double> along(b), gram(b * b), inverse(b * b);
    for (int pass = 0; pass < 2; ++pass) {
      reduce(b, along.data(), [&](std::size_t i, double* sum) {
        for (std::size_t c = 0; c < b; ++c) sum[c] += root_[i] * x_[i * b + c];
      });
      for (double& v : along) v /= norm_ * norm_;
      for_rows([&](std::size_t i) {
        for (std::size_t c = 0; c < b; ++c) x_[i * b + c] -= along[c] * root_[i];
      });
      reduce(b * b, gram.data(), [&](std::size_t i, double* sum) {
        const double* const row = x_.data() + i * b;
        for (std::size_t c = 0; c < b; ++c)
          for (std::size_t d = 0; d <= c; ++d) sum[c * b + d] += row[c] * row[d];
      });
      // gram = L Lᵀ; the columns of x become those of x L^-T. A column that adds nothing to those before it becomes 0.
      for (std::size_t c = 0; c < b; ++c) {
        const double whole = gram[c * b + c];
        for (std::size_t d = 0; d <= c; ++d) {
          double v = gram[c * b + d];
          for (std::size_t l = 0; l < d; ++l) v -= gram[c * b + l] * gram[d * b + l];
          if (d < c)
            gram[c * b + d] = gram[d * b + d] > 0 ? v / gram[d * b + d] : 0.0;
          else
            gram[c * b + c] = v > 1e-13 * whole && v > 1e-280 ? std::sqrt(v) : 0.0;
        }
      }
      for_rows([&](std::size_t i) {
        double* const row = x_.data() + i * b;
        for (std::size_t c = 0; c < b; ++c) {
          double v = row[c];
          for (std::size_t d = 0; d < c; ++d) v -= gram[c * b + d] * row[d];
          row[c] = gram[c * b + c] > 0 ? v / gram[c * b + c] : 0.0;
        }
      });
    }
  }

  // Turns x into the best approximations of eigenvectors within its span. Returns the largest residual among those
  // wanted, against 1 − eigenvalue.
  double rayleigh_ritz() {
    const std::size_t b = width_;
    orthonormalize();
    multiply(x_.data(), 1, 0, 0, nullptr, y_.data());
    std::vector<double> small(b * b), vectors(b * b);
    reduce(b * b, small.data(), [&](std::size_t i, double* sum) {
      for (std::size_t c = 0; c < b; ++c)
        for (std::size_t d = 0; d <= c; ++d) sum[c * b + d] += x_[i * b + c] * y_[i * b + d];
    });
    for (std::size_t c = 0; c < b; ++c)
      for (std::size_t d = 0; d < c; ++d) small[d * b + c] = small[c * b + d];
    largest_eigenpairs(ctx_, small.data(), b, b, values_.data(), vectors.data());
    Buffer<double> rows(ctx_.threads() * 2 * b);
    core::parallel_for(ctx_, n_, kPart, [&](std::size_t begin, std::size_t end, unsigned slot) {
      double* const v = rows.data() + slot * 2 * b;
      for (std::size_t i = begin; i < end; ++i) {
        double *const x = x_.data() + i * b, *const y = y_.data() + i * b;
        std::copy_n(x, b, v);
        std::copy_n(y, b, v + b);
        for (std::size_t c = 0; c < b; ++c) {
          x[c] = y[c] = 0;
          for (std::size_t d = 0; d < b; ++d) {
            x[c] += vectors[c * b + d] * v[d];
            y[c] += vectors[c * b + d] * v[b + d];
          }
        }
      }
    });
    std::vector<double> square(wanted_);
    reduce(wanted_, square.data(), [&](std::size_t i, double* sum) {
      for (std::size_t c = 0; c < wanted_; ++c) {
        const double rest = y_[i * b + c] - values_[c] * x_[i * b + c];
        sum[c] += rest * rest;
      }
    });
    double worst = 0;
    for (std::size_t c = 0; c < wanted_; ++c)
      worst = std::max(worst, std::sqrt(square[c]) / std::max(1 - values_[c], 1e-12));
    return worst;
  }

  core::Context& ctx_;
  const Graph& graph_;
  std::size_t n_, wanted_, width_;
  Buffer<double> root_, scaled_, x_, y_, z_, partial_, values_;
  double norm_ = 0;
};

}  // namespace

void filtered_eigenvectors(core::Context& ctx, const Graph& graph, std::size_t count, double* out) {
  Subspace(ctx, graph, count).solve(out);
}

}  // namespace matomari
