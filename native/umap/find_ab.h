#pragma once

namespace matomari {

// The curve 1 / (1 + a·x^(2b)) that says how near two points lie in the map.
struct Curve {
  double a, b;
};

// The least-squares fit of the curve to 1 below min_dist and exp(−(x − min_dist) / spread) from there on, at 300 places
// from 0 to 3 · spread: umap-learn's find_ab_params.
Curve find_ab(double spread, double min_dist);

}  // namespace matomari
