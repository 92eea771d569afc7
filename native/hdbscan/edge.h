#pragma once
#include <cstdint>

namespace matomari::density {

// An edge of the mutual reachability graph. Its weight max(core, core, distance / alpha) is often a core distance, so that
// many edges weigh the same; the order below decides between them: by weight, then by plain distance, then by the lower
// and by the higher of the two rows. It is total, so that there is one minimum spanning tree and no cycle can close,
// whoever looks first; and it depends on the order of rows only where plain distances are equal.
struct Edge {
  double weight;    // squared, as in Space
  double distance;  // squared
  std::int32_t low, high;
};

inline bool before(const Edge& a, const Edge& b) noexcept {
  if (a.weight != b.weight) return a.weight < b.weight;
  if (a.distance != b.distance) return a.distance < b.distance;
  return a.low != b.low ? a.low < b.low : a.high < b.high;
}

}  // namespace matomari::density
