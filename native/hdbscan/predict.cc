#include <algorithm>
#include <limits>
#include <vector>

#include "core/finite.h"
#include "core/parallel.h"
#include "hdbscan/hdbscan.h"
#include "hdbscan/space.h"
#include "hdbscan/stability.h"
#include "nearest/nearest.h"

namespace matomari {

using core::Buffer;
using core::ConstMatrix;
using namespace density;

namespace {

// Where each point of the model leaves the condensed tree.
struct Departure {
  std::int32_t cluster;
  double lambda;
};

// Σ (a − b)² of a point of one space and one of another with the same columns, in index order.
double squared_between(const Space& a, std::size_t i, const Space& b, std::size_t j) noexcept {
  double sum = 0;
  for (std::size_t l = 0; l < a.dims(); ++l) {
    const double t = a.coordinate(i, l) - b.coordinate(j, l);
    sum += t * t;
  }
  return sum;
}

// The model comes from outside: an index that leads nowhere must not be followed.
void require_sound(const HdbscanModel& model) {
  const density::CondensedTree& tree = model.condensed;
  const auto n = static_cast<std::int64_t>(tree.points), all = n + static_cast<std::int64_t>(tree.clusters);
  bool sound = tree.clusters > 0;
  for (std::size_t r = 0; r < tree.rows; ++r) {
    const std::int64_t parent = tree.parent[r], child = tree.child[r];
    sound &= parent >= n && parent < all && child >= 0 && child < all && (child < n || child > parent);
  }
  for (std::size_t c = 0; c < model.chosen_count; ++c)
    sound &= model.chosen[c] >= (c == 0 ? 0 : model.chosen[c - 1] + 1) &&
             model.chosen[c] < static_cast<std::int64_t>(tree.clusters);
  if (!sound)
    throw core::Error(core::Code::bad_input,
                      "the condensed tree or the selected clusters of the model are broken: pass what hdbscan returned");
}

}  // namespace

void approximate_predict(core::Context& ctx, const simd::Kernels& k, const HdbscanModel& model, ConstMatrix points,
                         const HdbscanOptions& options, std::int32_t* labels, float* probabilities) {
  constexpr std::size_t kRows = 8192;  // points at once
  require_finite(ctx, points, "points");
  require_sound(model);
  if (model.chosen_count == 0) {
    std::fill_n(labels, points.rows, -1);
    std::fill_n(probabilities, points.rows, 0.0f);
    return;
  }
  const std::size_t n = model.points.rows;
  const Space space(ctx, points, "points", options.cosine, options.alpha);
  const Space known(ctx, model.points, "the points of the model", options.cosine, options.alpha);
  const std::vector<Cluster> clusters = clusters_of(model.condensed);
  const std::vector<std::int32_t> chosen(model.chosen, model.chosen + model.chosen_count);
  const std::vector<std::int32_t> cluster_label = labels_of(clusters, chosen);
  const double root_lambda = least_root_lambda(clusters, options.selection.epsilon);
  std::vector<Departure> departure(n, {0, 0});
  for (std::size_t r = 0; r < model.condensed.rows; ++r)
    if (static_cast<std::size_t>(model.condensed.child[r]) < n)
      departure[model.condensed.child[r]] = {static_cast<std::int32_t>(model.condensed.parent[r] - static_cast<std::int32_t>(n)),
                                             model.condensed.lambda[r]};
  const std::size_t samples = std::min(options.min_samples, n - 1), count = std::min(2 * samples, n);
  const std::size_t own = std::min(samples, count - 1);  // which neighbour gives a new point its core distance
  Buffer<std::int32_t> indices(std::min(points.rows, kRows) * count);
  Buffer<float> distances(indices.size());
  for (std::size_t first = 0; first < points.rows; first += kRows) {
    const std::size_t rows = std::min(kRows, points.rows - first);
    ctx.progress("predict", first, points.rows);
    {
      const core::Quiet quiet(ctx);
      nearest(ctx, k, {points.row(first), rows, points.cols}, model.points, count,
              options.cosine ? Metric::cosine : Metric::euclidean, indices.data(), distances.data());
    }
    core::parallel_for(ctx, rows, 256, [&](std::size_t from, std::size_t to, unsigned) {
      std::vector<double> squared(count);
      for (std::size_t i = from; i < to; ++i) {
        const std::int32_t* const list = indices.data() + i * count;
        for (std::size_t c = 0; c < count; ++c)
          squared[c] = squared_between(space, first + i, known, static_cast<std::size_t>(list[c]));
        const double core = space.distance(squared[own]);
        double reach = std::numeric_limits<double>::infinity();
        std::int32_t host = list[0];
        for (std::size_t c = 0; c < count; ++c) {
          const double weight =
              std::max({core, model.core_distances[list[c]], space.distance(space.scaled(squared[c]))});
          if (weight >= reach) continue;
          reach = weight;
          host = list[c];
        }
        const double lambda = reach > 0 ? 1 / reach : std::numeric_limits<double>::infinity();
        std::int32_t cluster = departure[host].cluster;
        if (departure[host].lambda > lambda)
          while (cluster > 0 && clusters[cluster].birth >= lambda) cluster = clusters[cluster].parent;
        std::int32_t label = cluster_label[cluster];
        if (cluster_label[0] >= 0 && std::min(lambda, departure[host].lambda) < root_lambda) label = -1;
        double share = 0;
        if (label >= 0) {
          const double death = clusters[chosen[label]].death;
          share = death == 0 || lambda >= death ? 1.0 : lambda / death;
        }
        labels[first + i] = label;
        probabilities[first + i] = static_cast<float>(share);
      }
    });
  }
  ctx.progress("predict", points.rows, points.rows);
}

}  // namespace matomari
