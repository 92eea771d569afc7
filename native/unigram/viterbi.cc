#include "unigram/viterbi.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace matomari::unigram {

Vocabulary::Vocabulary(std::span<const Text> pieces, std::vector<double> piece_scores, std::int32_t unknown_id,
                       bool fallback)
    : scores(std::move(piece_scores)), unknown(unknown_id), byte_fallback(fallback), trie(pieces), bytes(256) {
  // Ten below the worst piece, as SentencePiece has it.
  unknown_score = std::numeric_limits<double>::infinity();
  for (const double score : scores) unknown_score = std::min(unknown_score, score);
  unknown_score -= 10;
  const char16_t digits[] = u"0123456789ABCDEF";
  for (std::size_t byte = 0; byte < 256; ++byte)
    bytes[byte] = trie.find(std::u16string(u"<0x") + digits[byte / 16] + digits[byte % 16] + u'>');
}

void Viterbi::encode(const core::Context& ctx, Text text, std::vector<std::int32_t>& ids) {
  constexpr std::size_t kStretch = std::size_t{1} << 16;
  const auto& [scores, unknown, byte_fallback, trie, unknown_score, bytes] = vocabulary_;
  const std::size_t n = text.size();
  if (ways_.size() <= n) ways_.resize(2 * n + 64);
  Way* const ways = ways_.data();
  for (std::size_t i = 0; i <= n; ++i) ways[i].start = -1;
  ways[0].score = 0;
  const auto offer = [&](std::size_t from, std::size_t to, double score, std::int32_t piece) {
    if (ways[to].start < 0 || score > ways[to].score) ways[to] = {score, static_cast<std::int32_t>(from), piece};
  };
  std::size_t next_check = kStretch;
  for (std::size_t from = 0; from < n;) {
    if (from >= next_check) {
      ctx.check();
      next_check += kStretch;
    }
    const std::size_t width = width_at(text, from);
    const double here = ways[from].score;
    bool single = false;
    std::int32_t node = Trie::kRoot;
    for (std::size_t to = from; to < n;) {
      node = trie.step(node, text[to++]);
      if (node == Trie::kNone) break;
      const std::int32_t piece = trie.value(node);
      if (piece == Trie::kNone) continue;
      offer(from, to, scores[static_cast<std::size_t>(piece)] + here, piece);
      if (to - from == width) single = true;
    }
    if (!single) offer(from, from + width, unknown_score + here, unknown);
    from += width;
  }
  collect(text, ids);
}

// Walks the best way back from the end.
void Viterbi::collect(Text text, std::vector<std::int32_t>& ids) const {
  const std::size_t first = ids.size();
  for (std::size_t end = text.size(); end > 0;) {
    const std::int32_t piece = ways_[end].piece;
    auto from = static_cast<std::size_t>(ways_[end].start);
    if (piece == vocabulary_.unknown) {
      while (from > 0 && ways_[from].piece == vocabulary_.unknown) from = static_cast<std::size_t>(ways_[from].start);
      collect_unknown(text.substr(from, end - from), ids);
    } else {
      ids.push_back(piece);
    }
    end = from;
  }
  std::reverse(ids.begin() + static_cast<std::ptrdiff_t>(first), ids.end());
}

// Last byte first, as the whole is turned round.
void Viterbi::collect_unknown(Text text, std::vector<std::int32_t>& ids) const {
  if (vocabulary_.byte_fallback) {
    std::string utf8;
    for (std::size_t i = 0, width; i < text.size(); i += width) {
      width = width_at(text, i);
      append_utf8(code_point(&text[i], width), utf8);
    }
    const auto id = [&](char byte) { return vocabulary_.bytes[static_cast<unsigned char>(byte)]; };
    if (std::none_of(utf8.begin(), utf8.end(), [&](char byte) { return id(byte) < 0; })) {
      for (auto byte = utf8.rbegin(); byte != utf8.rend(); ++byte) ids.push_back(id(*byte));
      return;
    }
  }
  ids.push_back(vocabulary_.unknown);
}

}  // namespace matomari::unigram
