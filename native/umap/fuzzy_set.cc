#include "umap/fuzzy_set.h"

#include <algorithm>
#include <vector>

#include "core/elementary.h"
#include "core/parallel.h"

namespace matomari {

using core::Buffer;

void membership_strengths(core::Context& ctx, const std::int32_t* indices, const float* distances, std::size_t rows,
                          std::size_t k, const float* sigma, const float* rho, bool self, float* strength) {
  core::parallel_for(ctx, rows, 1024, [&](std::size_t begin, std::size_t end, unsigned) {
    for (std::size_t i = begin; i < end; ++i)
      for (std::size_t at = i * k; at < (i + 1) * k; ++at) {
        const float beyond = distances[at] - rho[i];
        if (self && indices[at] == static_cast<std::int32_t>(i))
          strength[at] = 0;
        else if (!(beyond > 0) || sigma[i] == 0)
          strength[at] = 1;
        else
          strength[at] = static_cast<float>(core::exp(-(static_cast<double>(beyond) / static_cast<double>(sigma[i]))));
      }
  });
}

namespace {

struct Edge {
  std::int32_t to;
  float strength;
};

// Calls found(column, w, w') for each column in either ascending list.
template <class Found>
void merge(const Edge* out, const Edge* out_end, const Edge* in, const Edge* in_end, Found&& found) {
  while (out != out_end || in != in_end) {
    if (in == in_end || (out != out_end && out->to < in->to)) {
      found(out->to, out->strength, 0.0f);
      ++out;
    } else if (out == out_end || in->to < out->to) {
      found(in->to, 0.0f, in->strength);
      ++in;
    } else {
      found(out->to, out->strength, in->strength);
      ++out, ++in;
    }
  }
}

}  // namespace

Graph fuzzy_set(core::Context& ctx, const std::int32_t* indices, const float* strength, std::size_t rows, std::size_t k,
                double ratio) {
  constexpr std::size_t kPart = 65536;
  // The edges that leave each row, ascending, and by counting those that enter it.
  Buffer<Edge> out(rows * k), in(rows * k);
  Buffer<std::int64_t> starts(rows + 1, 0);
  core::parallel_for(ctx, rows, 1024, [&](std::size_t begin, std::size_t end, unsigned) {
    for (std::size_t i = begin; i < end; ++i) {
      for (std::size_t at = i * k; at < (i + 1) * k; ++at) out[at] = {indices[at], strength[at]};
      std::sort(out.data() + i * k, out.data() + (i + 1) * k, [](const Edge& a, const Edge& b) { return a.to < b.to; });
    }
  });
  for (std::size_t at = 0; at < rows * k; ++at) {
    if (at % kPart == 0) ctx.check();
    ++starts[static_cast<std::size_t>(out[at].to) + 1];
  }
  for (std::size_t i = 0; i < rows; ++i) starts[i + 1] += starts[i];
  {
    Buffer<std::int64_t> next(rows);
    std::copy_n(starts.data(), rows, next.data());
    for (std::size_t at = 0; at < rows * k; ++at) {
      if (at % kPart == 0) ctx.check();
      in[static_cast<std::size_t>(next[static_cast<std::size_t>(out[at].to)]++)] = {static_cast<std::int32_t>(at / k),
                                                                                    out[at].strength};
    }
  }
  const auto keep = static_cast<float>(ratio), rest = static_cast<float>(1 - ratio);
  auto each = [&](std::size_t i, auto&& found) {
    merge(out.data() + i * k, out.data() + (i + 1) * k, in.data() + starts[i], in.data() + starts[i + 1],
          [&](std::int32_t to, float w, float v) {
            const float both = w * v, weight = keep * (w + v - both) + rest * both;
            if (weight > 0) found(to, weight);
          });
  };
  Graph graph;
  graph.rows = rows;
  graph.indptr = Buffer<std::int64_t>(rows + 1, 0);
  core::parallel_for(ctx, rows, 1024, [&](std::size_t begin, std::size_t end, unsigned) {
    for (std::size_t i = begin; i < end; ++i) {
      std::int64_t count = 0;
      each(i, [&](std::int32_t, float) { ++count; });
      graph.indptr[i + 1] = count;
    }
  });
  for (std::size_t i = 0; i < rows; ++i) graph.indptr[i + 1] += graph.indptr[i];
  const auto edges = static_cast<std::size_t>(graph.indptr[rows]);
  graph.indices = Buffer<std::int32_t>(edges);
  graph.weights = Buffer<float>(edges);
  core::parallel_for(ctx, rows, 1024, [&](std::size_t begin, std::size_t end, unsigned) {
    for (std::size_t i = begin; i < end; ++i) {
      auto at = static_cast<std::size_t>(graph.indptr[i]);
      each(i, [&](std::int32_t to, float weight) {
        graph.indices[at] = to;
        graph.weights[at++] = weight;
      });
    }
  });
  return graph;
}

}  // namespace matomari
