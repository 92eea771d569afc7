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

namespace {

// The strings that are not empty, by their codes, and of equal ones in their order.
std::vector<std::uint32_t> sorted(std::span<const Text> strings, const std::vector<std::uint16_t>& codes) {
  // Most are decided by the codes of their first four units, which lie beside their number.
  constexpr std::size_t kUnits = 4;
  struct Key {
    std::uint64_t begin;
    std::uint32_t index;
  };
  std::vector<Key> keys;
  keys.reserve(strings.size());
  for (std::size_t i = 0; i < strings.size(); ++i) {
    if (strings[i].empty()) continue;
    std::uint64_t begin = 0;
    for (std::size_t u = 0; u < kUnits; ++u) begin = begin << 16 | (u < strings[i].size() ? codes[strings[i][u]] : 0u);
    keys.push_back({begin, static_cast<std::uint32_t>(i)});
  }
  const auto before = [&](char16_t a, char16_t b) { return codes[a] < codes[b]; };
  std::sort(keys.begin(), keys.end(), [&](const Key& a, const Key& b) {
    if (a.begin != b.begin) return a.begin < b.begin;
    const Text x = strings[a.index], y = strings[b.index];
    if (x.size() > kUnits && y.size() > kUnits && x != y)
      return std::lexicographical_compare(x.begin() + kUnits, x.end(), y.begin() + kUnits, y.end(), before);
    return x.size() != y.size() ? x.size() < y.size() : a.index < b.index;
  });
  std::vector<std::uint32_t> order;
  order.reserve(keys.size());
  for (const Key& key : keys) order.push_back(key.index);
  return order;
}

}  // namespace

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

  const std::vector<std::uint32_t> order = sorted(strings, codes_);
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
