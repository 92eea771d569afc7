#include "umap/spectral_init.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/buffer.h"
#include "pca/eigen.h"
#include "umap/chebyshev_filter.h"

namespace matomari {

using core::Buffer;

bool connected(core::Context& ctx, const Graph& graph) {
  Buffer<std::int32_t> queue(graph.rows);
  std::vector<bool> seen(graph.rows);
  std::size_t found = 1;
  queue[0] = 0;
  seen[0] = true;
  for (std::size_t at = 0; at < found; ++at) {
    if (at % 16384 == 0) ctx.check();
    const auto i = static_cast<std::size_t>(queue[at]);
    for (auto e = static_cast<std::size_t>(graph.indptr[i]); e < static_cast<std::size_t>(graph.indptr[i + 1]); ++e) {
      const std::int32_t j = graph.indices[e];
      if (seen[static_cast<std::size_t>(j)]) continue;
      seen[static_cast<std::size_t>(j)] = true;
      queue[found++] = j;
    }
  }
  return found == graph.rows;
}

namespace {

constexpr std::size_t kDense = 192;  // up to here the whole spectrum is cheap

// By the whole of M.
void dense(core::Context& ctx, const Graph& graph, std::size_t count, double* out) {
  const std::size_t n = graph.rows;
  std::vector<double> matrix(n * n), root(n), values(count), vectors(count * n);
  double whole = 0;
  for (std::size_t i = 0; i < n; ++i) {
    double degree = 0;
    for (std::int64_t e = graph.indptr[i]; e < graph.indptr[i + 1]; ++e)
      degree += static_cast<double>(graph.weights[static_cast<std::size_t>(e)]);
    root[i] = std::sqrt(degree);
    whole += degree;
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (auto e = static_cast<std::size_t>(graph.indptr[i]); e < static_cast<std::size_t>(graph.indptr[i + 1]); ++e) {
      const auto j = static_cast<std::size_t>(graph.indices[e]);
      matrix[i * n + j] = static_cast<double>(graph.weights[e]) / (root[i] * root[j]);
    }
    // The known eigenvector goes from 1 to below all others.
    for (std::size_t j = 0; j < n; ++j) matrix[i * n + j] -= 3 * root[i] * root[j] / whole;
  }
  largest_eigenpairs(ctx, matrix.data(), n, count, values.data(), vectors.data());
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t c = 0; c < count; ++c) out[i * count + c] = vectors[c * n + i];
}

}  // namespace

void spectral_init(core::Context& ctx, const Graph& graph, std::size_t count, double* out) {
  const std::size_t n = graph.rows;
  if (n <= kDense || 4 * (count + kFilterGuard) > n)
    dense(ctx, graph, count, out);
  else
    filtered_eigenvectors(ctx, graph, count, out);
  // Of the two signs, the one that makes the largest entry positive.
  for (std::size_t c = 0; c < count; ++c) {
    std::size_t most = 0;
    for (std::size_t i = 1; i < n; ++i)
      if (std::abs(out[i * count + c]) > std::abs(out[most * count + c])) most = i;
    if (out[most * count + c] < 0)
      for (std::size_t i = 0; i < n; ++i) out[i * count + c] = -out[i * count + c];
  }
}

}  // namespace matomari
