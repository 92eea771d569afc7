#include "pca/eigen.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "core/parallel.h"
#include "core/philox.h"

namespace matomari {

namespace {

double dot(const double* a, const double* b, std::size_t n) noexcept {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

// Householder reflections bring the matrix to tridiagonal form (Golub, Van Loan: Matrix Computations, 8.3.1). On return
// diagonal [n] and below [n − 1] hold it, and row i of `basis` [n × n] is the i-th vector of the basis it is in.
void tridiagonalize(const core::Context& ctx, double* a, std::size_t n, double* diagonal, double* below, double* basis) {
  std::vector<double> v(n), p(n);
  std::vector<std::vector<double>> reflectors;
  std::vector<double> betas;
  for (std::size_t k = 0; k + 2 < n; ++k) {
    ctx.check();
    double square = 0;
    for (std::size_t i = k + 1; i < n; ++i) square += a[i * n + k] * a[i * n + k];
    // A matrix of low rank leaves rounding noise of rounding noise, step by step smaller: once it is too small to square,
    // 2 / vv is infinite. Nothing is lost with it: float32 data give squares above 2^-600.
    const double norm = square > 0x1p-900 ? std::sqrt(square) : 0, head = a[(k + 1) * n + k];
    const double alpha = head > 0 ? -norm : norm;
    std::fill(v.begin(), v.end(), 0.0);
    double beta = 0;
    if (norm > 0) {
      for (std::size_t i = k + 1; i < n; ++i) v[i] = a[i * n + k];
      v[k + 1] -= alpha;
      const double vv = square - 2 * alpha * head + alpha * alpha;
      beta = vv > 0 ? 2 / vv : 0;
    }
    below[k] = norm > 0 ? alpha : 0.0;
    if (beta > 0) {
      for (std::size_t i = k + 1; i < n; ++i) p[i] = beta * dot(a + i * n + k + 1, v.data() + k + 1, n - k - 1);
      const double half = beta / 2 * dot(p.data() + k + 1, v.data() + k + 1, n - k - 1);
      for (std::size_t i = k + 1; i < n; ++i) p[i] -= half * v[i];
      for (std::size_t i = k + 1; i < n; ++i)
        for (std::size_t j = k + 1; j < n; ++j) a[i * n + j] -= v[i] * p[j] + p[i] * v[j];
    }
    reflectors.emplace_back(v.begin() + static_cast<std::ptrdiff_t>(k + 1), v.end());
    betas.push_back(beta);
  }
  for (std::size_t i = 0; i < n; ++i) diagonal[i] = a[i * n + i];
  if (n > 1) below[n - 2] = a[(n - 1) * n + n - 2];
  // Row i of the basis is e_i brought back through the reflections.
  std::fill_n(basis, n * n, 0.0);
  for (std::size_t i = 0; i < n; ++i) basis[i * n + i] = 1;
  for (std::size_t k = reflectors.size(); k-- > 0;) {
    ctx.check();
    const std::vector<double>& r = reflectors[k];
    if (betas[k] == 0) continue;
    for (std::size_t i = k + 1; i < n; ++i) {
      double* row = basis + i * n + k + 1;
      const double s = betas[k] * dot(row, r.data(), r.size());
      for (std::size_t j = 0; j < r.size(); ++j) row[j] -= s * r[j];
    }
  }
}

// Implicit QL with Wilkinson shifts on a tridiagonal matrix (Golub, Van Loan 8.3.3); rotates the rows of `basis` along,
// which end as the eigenvectors of diagonal[i].
void diagonalize(const core::Context& ctx, double* diagonal, double* below, std::size_t n, double* basis) {
  std::vector<double> e(below, below + (n > 0 ? n - 1 : 0));
  e.push_back(0.0);
  // A matrix of low rank leaves a block of rounding noise, which may be too small to square: what is below the noise of
  // the whole matrix counts as zero.
  double norm = 0;
  for (std::size_t i = 0; i < n; ++i) norm = std::max(norm, std::abs(diagonal[i]) + std::abs(e[i]));
  for (std::size_t l = 0; l < n; ++l)
    for (int sweep = 0;; ++sweep) {
      std::size_t m = l;
      for (; m + 1 < n; ++m) {
        const double scale = std::abs(diagonal[m]) + std::abs(diagonal[m + 1]);
        if (std::abs(e[m]) <= 0x1p-53 * scale + 0x1p-60 * norm) break;
      }
      if (m == l) break;
      if (sweep == 80) throw core::Error(core::Code::internal, "the eigenvalue iteration did not converge");
      ctx.check();
      double g = (diagonal[l + 1] - diagonal[l]) / (2 * e[l]);
      double r = std::sqrt(g * g + 1);
      g = diagonal[m] - diagonal[l] + e[l] / (g + (g >= 0 ? r : -r));
      double s = 1, c = 1, p = 0;
      bool cut = false;
      for (std::size_t i = m; i-- > l;) {
        const double f = s * e[i], b = c * e[i];
        r = std::sqrt(f * f + g * g);
        e[i + 1] = r;
        if (r == 0) {
          diagonal[i + 1] -= p;
          e[m] = 0;
          cut = true;
          break;
        }
        s = f / r;
        c = g / r;
        g = diagonal[i + 1] - p;
        const double t = (diagonal[i] - g) * s + 2 * c * b;
        p = s * t;
        diagonal[i + 1] = g + p;
        g = c * t - b;
        double* const low = basis + i * n;
        double* const high = basis + (i + 1) * n;
        for (std::size_t j = 0; j < n; ++j) {
          const double u = high[j], w = low[j];
          high[j] = s * w + c * u;
          low[j] = c * w - s * u;
        }
      }
      if (cut) continue;
      diagonal[l] -= p;
      e[l] = g;
      e[m] = 0;
    }
}

void dense(const core::Context& ctx, double* matrix, std::size_t n, std::size_t count, double* values, double* vectors) {
  std::vector<double> diagonal(n), below(n), basis(n * n);
  tridiagonalize(ctx, matrix, n, diagonal.data(), below.data(), basis.data());
  diagonalize(ctx, diagonal.data(), below.data(), n, basis.data());
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return diagonal[a] > diagonal[b]; });
  for (std::size_t i = 0; i < count; ++i) {
    values[i] = diagonal[order[i]];
    std::copy_n(basis.data() + order[i] * n, n, vectors + i * n);
  }
}

// Makes v orthogonal to the rows of `basis` and of length 1; false when nothing is left of it. Twice is enough (Kahan).
bool orthonormalize(const double* basis, std::size_t rows, double* v, std::size_t n) {
  const double before = std::sqrt(dot(v, v, n));
  for (int pass = 0; pass < 2; ++pass)
    for (std::size_t b = 0; b < rows; ++b) {
      const double s = dot(basis + b * n, v, n);
      for (std::size_t i = 0; i < n; ++i) v[i] -= s * basis[b * n + i];
    }
  const double norm = std::sqrt(dot(v, v, n));
  if (!(norm > 1e-12 * before)) return false;
  for (std::size_t i = 0; i < n; ++i) v[i] /= norm;
  return true;
}

// Block Krylov iteration with full orthogonalisation and restarts (Golub, Van Loan 10.3.6): far cheaper than the whole
// spectrum when few of many are wanted.
void krylov(core::Context& ctx, const double* a, std::size_t n, std::size_t count, double* values, double* vectors) {
  const std::size_t block = count + 4, size = std::min(n, std::max<std::size_t>(6 * block, 64));
  std::vector<double> basis(size * n), image(size * n), small(size * size), theta(block), mix(block * size);
  std::uint32_t drawn = 0;
  auto random = [&](double* v) {
    for (std::size_t i = 0; i < n; ++i) {
      const auto r = core::philox({static_cast<std::uint32_t>(i), drawn, 0, 0}, 0);
      v[i] = static_cast<double>(r[0]) * 0x1p-31 - 1;
    }
    ++drawn;
  };
  auto push = [&](std::size_t at, const double* v) {  // a random vector takes the place of one that adds nothing
    double* const q = basis.data() + at * n;
    std::copy_n(v, n, q);
    while (!orthonormalize(basis.data(), at, q, n)) random(q);
  };
  std::vector<double> start(block * n);
  for (std::size_t b = 0; b < block; ++b) random(start.data() + b * n);
  for (int restart = 0; restart < 200; ++restart) {
    std::size_t filled = 0;
    for (; filled < block; ++filled) push(filled, start.data() + filled * n);
    for (std::size_t done = 0; done < size;) {
      const std::size_t to = filled;
      core::parallel_for(ctx, n, 64, [&](std::size_t begin, std::size_t end, unsigned) {
        for (std::size_t i = begin; i < end; ++i)
          for (std::size_t b = done; b < to; ++b) image[b * n + i] = dot(a + i * n, basis.data() + b * n, n);
      });
      const std::size_t from = done;
      done = to;
      for (std::size_t b = from; b < to && filled < size; ++b) {
        ctx.check();
        push(filled, image.data() + b * n);
        ++filled;
      }
    }
    for (std::size_t i = 0; i < size; ++i) {
      ctx.check();
      for (std::size_t j = 0; j <= i; ++j)
        small[i * size + j] = small[j * size + i] = dot(basis.data() + i * n, image.data() + j * n, n);
    }
    dense(ctx, small.data(), size, block, theta.data(), mix.data());
    double worst = 0;
    for (std::size_t b = 0; b < block; ++b) {
      ctx.check();
      double* const v = start.data() + b * n;
      std::vector<double> av(n, 0.0);
      std::fill_n(v, n, 0.0);
      for (std::size_t q = 0; q < size; ++q)
        for (std::size_t i = 0; i < n; ++i) {
          v[i] += mix[b * size + q] * basis[q * n + i];
          av[i] += mix[b * size + q] * image[q * n + i];
        }
      if (b >= count) continue;
      double square = 0;
      for (std::size_t i = 0; i < n; ++i) {
        const double t = av[i] - theta[b] * v[i];
        square += t * t;
      }
      worst = std::max(worst, std::sqrt(square));
    }
    if (worst <= 1e-9 * std::abs(theta[0]) || size == n) break;
  }
  std::copy_n(theta.data(), count, values);
  std::copy_n(start.data(), count * n, vectors);
}

}  // namespace

void largest_eigenpairs(core::Context& ctx, double* matrix, std::size_t n, std::size_t count, double* values,
                        double* vectors) {
  if (n <= 192 || count * 8 > n)
    dense(ctx, matrix, n, count, values, vectors);
  else
    krylov(ctx, matrix, n, count, values, vectors);
}

}  // namespace matomari
