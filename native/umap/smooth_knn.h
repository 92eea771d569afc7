#pragma once
#include <cstddef>

#include "core/context.h"

namespace matomari {

// umap-learn's smooth_knn_dist. For each row of ascending neighbour distances [rows × k], the point itself first:
// rho, the distance to the nearest that is not at distance 0 (the local_connectivity-th nearest, interpolated), and
// sigma, such that Σ exp(−(d − rho) / sigma) over the others is log2(k). Rows independent of one another but for the
// floor of sigma: a thousandth of the mean distance.
void smooth_knn(core::Context& ctx, const float* distances, std::size_t rows, std::size_t k, double local_connectivity,
                float* sigma, float* rho);

}  // namespace matomari
