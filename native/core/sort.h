#pragma once
#include <algorithm>
#include <cstddef>
#include <vector>

#include "core/context.h"
#include "core/parallel.h"

namespace matomari::core {

// Sorts by merging pieces that are short enough to be cancelled between, on up to ctx.threads() threads. `before` must be
// a total order: then the result does not depend on the pieces.
template <class T, class Before>
void sort_in_pieces(Context& ctx, std::vector<T>& items, Before&& before) {
  constexpr std::size_t kPiece = 16384;
  if (items.size() <= kPiece) {
    std::sort(items.begin(), items.end(), before);
    return;
  }
  parallel_for(ctx, items.size(), kPiece, [&](std::size_t from, std::size_t to, unsigned) {
    std::sort(items.data() + from, items.data() + to, before);
  });
  std::vector<T> merged(items.size());
  for (std::size_t width = kPiece; width < items.size(); width *= 2) {
    parallel_for(ctx, items.size(), 2 * width, [&](std::size_t from, std::size_t to, unsigned) {
      const std::size_t middle = std::min(from + width, to);
      std::merge(items.data() + from, items.data() + middle, items.data() + middle, items.data() + to,
                 merged.data() + from, before);
    });
    items.swap(merged);
  }
}

}  // namespace matomari::core
