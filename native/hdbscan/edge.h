#pragma once
#include <cstdint>

namespace matomari::density {

// An edge of the mutual reachability graph. Its weight max(core, core, distance / alpha) is often the core distance of one
// end, so that many edges weigh the same; the order below decides between them: by weight, then by the lesser of the two
// core distances, so that a point hangs on the densest of those it reaches equally, then by the lower and the higher of
// the two rows. It is total, so that there is one minimum spanning tree and no cycle can close, whoever looks first.
struct Edge {
  double weight;  // squared, as in Space
  double core;    // the lesser one, squared
  std::int32_t low, high;
};

inline bool before(const Edge& a, const Edge& b) noexcept {
  if (a.weight != b.weight) return a.weight < b.weight;
  if (a.core != b.core) return a.core < b.core;
  return a.low != b.low ? a.low < b.low : a.high < b.high;
}

}  // namespace matomari::density
