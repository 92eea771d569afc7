#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "unigram/unicode.h"

namespace matomari::unigram {

// A set of strings as a double-array trie over UTF-16 units: the child of node p by a unit is at base[p] + code(unit), and
// is p's if its parent says so. Units have codes by how often they occur, so that the array is nearly full: one step is
// one or two reads, whatever the script.
class Trie {
 public:
  static constexpr std::int32_t kNone = -1, kRoot = 0;

  Trie() = default;
  // The value of a string is its index; of equal ones the last counts, and an empty one is left out.
  explicit Trie(std::span<const Text> strings);

  // The child of a node, or kNone.
  std::int32_t step(std::int32_t node, char16_t unit) const noexcept {
    const std::uint32_t code = codes_[unit];
    if (code == 0) return kNone;
    const auto child = static_cast<std::uint32_t>(nodes_[static_cast<std::size_t>(node)].base) + code;
    return nodes_[child].parent == node ? static_cast<std::int32_t>(child) : kNone;
  }
  // The string that ends at a node, or kNone.
  std::int32_t value(std::int32_t node) const noexcept { return nodes_[static_cast<std::size_t>(node)].value; }
  // The index of exactly this string, or kNone.
  std::int32_t find(Text string) const noexcept;

 private:
  struct Node {
    std::int32_t base = 0, parent = kNone, value = kNone;
  };
  struct Branch {
    std::int32_t node;
    std::uint32_t first, last, depth;  // the sorted strings below the node
  };

  class Places;

  std::vector<std::uint16_t> codes_;
  std::vector<Node> nodes_;
};

}  // namespace matomari::unigram
