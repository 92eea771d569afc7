#pragma once
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>

#include "core/buffer.h"

namespace matomari::density {

// Disjoint sets of the numbers below n.
class UnionFind {
 public:
  explicit UnionFind(std::size_t n) : parent_(n), size_(n, 1) { std::iota(parent_.begin(), parent_.end(), 0); }

  std::int32_t find(std::int32_t x) noexcept {
    while (parent_[x] != x) x = parent_[x] = parent_[parent_[x]];
    return x;
  }

  std::int32_t size(std::int32_t root) const noexcept { return size_[root]; }

  // Joins the sets of two roots and returns the root of both.
  std::int32_t join(std::int32_t a, std::int32_t b) noexcept {
    if (size_[a] < size_[b]) std::swap(a, b);
    parent_[b] = a;
    size_[a] += size_[b];
    return a;
  }

 private:
  core::Buffer<std::int32_t> parent_, size_;
};

}  // namespace matomari::density
