#include "hdbscan/membership.h"

#include <algorithm>
#include <cmath>

namespace matomari::density {

std::vector<std::int32_t> labels_of(const std::vector<Cluster>& clusters, const std::vector<std::int32_t>& chosen) {
  std::vector<std::int32_t> labels(clusters.size(), -1);
  for (std::size_t c = 0; c < chosen.size(); ++c) labels[chosen[c]] = static_cast<std::int32_t>(c);
  // The root's own label holds only where nothing else was chosen.
  const std::int32_t root = chosen.size() == 1 ? labels[0] : -1;
  labels[0] = root;
  for (std::size_t c = 1; c < clusters.size(); ++c)
    if (labels[c] < 0) labels[c] = labels[clusters[c].parent];
  return labels;
}

double least_root_lambda(const std::vector<Cluster>& clusters, double epsilon) {
  return epsilon != 0 ? 1 / epsilon : clusters[0].death;
}

void membership(core::Context& ctx, const CondensedTree& tree, const std::vector<Cluster>& clusters,
                const std::vector<std::int32_t>& chosen, double epsilon, Membership out) {
  const auto n = static_cast<std::int32_t>(tree.points);
  const std::vector<std::int32_t> labels = labels_of(clusters, chosen);
  const bool root_chosen = labels[0] >= 0;
  const double root_lambda = least_root_lambda(clusters, epsilon);
  std::vector<double> last(clusters.size());  // the largest lambda in a cluster and below it
  for (std::size_t c = clusters.size(); c-- > 0;) {
    last[c] = std::max(last[c], clusters[c].death);
    if (c > 0) last[clusters[c].parent] = std::max(last[clusters[c].parent], last[c]);
  }
  std::vector<bool> exemplar(tree.points);
  for (std::size_t r = 0; r < tree.rows; ++r) {
    if (r % 65536 == 0) ctx.check();
    const std::int32_t point = tree.child[r];
    if (point >= n) continue;
    const std::int32_t cluster = tree.parent[r] - n;
    const double lambda = tree.lambda[r];
    const std::int32_t label = root_chosen && !(lambda >= root_lambda) ? -1 : labels[cluster];
    double share = 0;
    if (label >= 0) {
      const double death = clusters[chosen[label]].death;
      share = death == 0 || std::isinf(lambda) ? 1.0 : std::min(lambda, death) / death;
    }
    out.labels[point] = label;
    out.probabilities[point] = static_cast<float>(share);
    double score = 0;
    if (last[cluster] != 0 && !std::isinf(lambda))
      score = std::isinf(last[cluster]) ? 1.0 : (last[cluster] - lambda) / last[cluster];
    out.outlier_scores[point] = static_cast<float>(score);
    exemplar[point] = label >= 0 && clusters[cluster].is_leaf && lambda == clusters[cluster].death;
  }
  std::fill_n(out.exemplar_starts, chosen.size() + 1, 0);
  for (std::int32_t i = 0; i < n; ++i)
    if (exemplar[i]) ++out.exemplar_starts[out.labels[i] + 1];
  for (std::size_t c = 0; c < chosen.size(); ++c) out.exemplar_starts[c + 1] += out.exemplar_starts[c];
  std::vector<std::int32_t> next(out.exemplar_starts, out.exemplar_starts + chosen.size());
  for (std::int32_t i = 0; i < n; ++i)
    if (exemplar[i]) out.exemplars[next[out.labels[i]]++] = i;
}

}  // namespace matomari::density
