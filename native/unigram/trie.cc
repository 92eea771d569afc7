#include "unigram/trie.h"

#include <algorithm>
#include <numeric>

namespace matomari::unigram {

// The places of the array that are still free.
class Trie::Places {
 public:
  // The base of a node whose children have these codes, rising: the first from which all their places are free.
  std::int32_t take(const std::vector<std::uint16_t>& codes) {
    // An only child takes the first hole. Others begin to search where holes are not yet rare.
    std::size_t& from = codes.size() == 1 ? hole_ : sparse_;
    while (is_taken(from)) ++from;
    std::size_t tried = 0;
    for (std::size_t place = std::max<std::size_t>(from, codes[0]);; ++place) {
      if (is_taken(place)) continue;
      const std::size_t base = place - codes[0];
      const auto free = [&](std::uint16_t code) { return !is_taken(base + code); };
      if (!std::all_of(codes.begin() + 1, codes.end(), free)) {
        if (++tried == kPatience) sparse_ = place;
        continue;
      }
      if (taken_.size() <= base + codes.back()) taken_.resize(2 * (base + codes.back()) + 1, 0);
      for (const std::uint16_t code : codes) taken_[base + code] = 1;
      return static_cast<std::int32_t>(base);
    }
  }

 private:
  static constexpr std::size_t kPatience = 64;
  bool is_taken(std::size_t place) const { return place < taken_.size() && taken_[place]; }

  std::vector<std::uint8_t> taken_ = {1};  // the root
  std::size_t hole_ = 1, sparse_ = 1;
};

Trie::Trie(std::span<const Text> strings) : codes_(0x10000, 0), nodes_(1) {
  std::vector<std::uint32_t> counts(0x10000, 0);
  for (const Text string : strings)
    for (const char16_t unit : string) ++counts[unit];
  std::vector<std::uint32_t> units;
  for (std::uint32_t unit = 0; unit < 0x10000; ++unit)
    if (counts[unit] > 0) units.push_back(unit);
  std::stable_sort(units.begin(), units.end(), [&](auto a, auto b) { return counts[a] > counts[b]; });
  // All 65,536 of them would need one code more than there are: the rarest then has none, and its strings are not found.
  for (std::size_t i = 0; i < std::min<std::size_t>(units.size(), 0xffff); ++i)
    codes_[units[i]] = static_cast<std::uint16_t>(i + 1);

  std::vector<std::uint32_t> order(strings.size());
  std::iota(order.begin(), order.end(), 0u);
  std::erase_if(order, [&](std::uint32_t i) { return strings[i].empty(); });
  const auto code_before = [&](char16_t a, char16_t b) { return codes_[a] < codes_[b]; };
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    const Text x = strings[a], y = strings[b];
    if (std::lexicographical_compare(x.begin(), x.end(), y.begin(), y.end(), code_before)) return true;
    return x == y && a < b;
  });

  Places places;
  std::vector<std::uint16_t> codes;
  std::vector<Branch> open{{kRoot, 0, static_cast<std::uint32_t>(order.size()), 0}};
  std::vector<Branch> children;
  while (!open.empty()) {
    const Branch branch = open.back();
    open.pop_back();
    codes.clear();
    children.clear();
    for (std::uint32_t i = branch.first; i < branch.last; ++i) {
      const Text string = strings[order[i]];
      if (string.size() == branch.depth) {
        nodes_[static_cast<std::size_t>(branch.node)].value = static_cast<std::int32_t>(order[i]);
        continue;
      }
      const std::uint16_t code = codes_[string[branch.depth]];
      if (codes.empty() || codes.back() != code) {
        codes.push_back(code);
        children.push_back({kNone, i, i, branch.depth + 1});
      }
      children.back().last = i + 1;
    }
    if (codes.empty()) continue;
    const std::int32_t base = places.take(codes);
    nodes_[static_cast<std::size_t>(branch.node)].base = base;
    for (std::size_t c = 0; c < codes.size(); ++c) {
      const std::int32_t child = base + codes[c];
      if (nodes_.size() <= static_cast<std::size_t>(child)) nodes_.resize(static_cast<std::size_t>(child) + 1);
      nodes_[static_cast<std::size_t>(child)].parent = branch.node;
      children[c].node = child;
    }
    open.insert(open.end(), children.rbegin(), children.rend());
  }
  // So that every step from every node stays inside.
  std::int32_t highest = 0;
  for (const Node& node : nodes_) highest = std::max(highest, node.base);
  nodes_.resize(std::max(nodes_.size(), static_cast<std::size_t>(highest) + units.size() + 1));
  nodes_.shrink_to_fit();
}

std::int32_t Trie::find(Text string) const noexcept {
  std::int32_t node = kRoot;
  for (const char16_t unit : string)
    if ((node = step(node, unit)) == kNone) return kNone;
  return value(node);
}

}  // namespace matomari::unigram
