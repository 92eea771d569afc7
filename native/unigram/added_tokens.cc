#include "unigram/added_tokens.h"

namespace matomari::unigram {

namespace {

std::size_t width_before(Text text, std::size_t end) noexcept {
  return end >= 2 && is_low(text[end - 1]) && is_high(text[end - 2]) ? 2 : 1;
}

bool word_before(Text text, std::size_t end) noexcept {
  if (end == 0) return false;
  const std::size_t width = width_before(text, end);
  return is_word(code_point(&text[end - width], width));
}

bool word_after(Text text, std::size_t begin) noexcept {
  return begin < text.size() && is_word(code_point(&text[begin], width_at(text, begin)));
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)) {
  std::erase_if(tokens_, [](const AddedToken& token) { return token.content.empty(); });
  if (tokens_.empty()) return;
  std::vector<Text> contents;
  for (const AddedToken& token : tokens_) {
    contents.push_back(token.content);
    begins_.set(token.content[0]);
  }
  trie_ = Trie(contents);
}

bool AddedTokens::find(Text text, std::size_t from, Match* match) const noexcept {
  if (tokens_.empty()) return false;
  for (std::size_t begin = from; begin < text.size(); ++begin) {
    if (!begins_[text[begin]]) continue;
    std::int32_t found = Trie::kNone;
    std::size_t end = begin;
    std::int32_t node = Trie::kRoot;
    for (std::size_t at = begin; at < text.size(); ++at) {
      node = trie_.step(node, text[at]);
      if (node == Trie::kNone) break;
      if (trie_.value(node) == Trie::kNone) continue;
      found = trie_.value(node);
      end = at + 1;
    }
    if (found == Trie::kNone) continue;
    const AddedToken& token = tokens_[static_cast<std::size_t>(found)];
    if (token.single_word && (word_before(text, begin) || word_after(text, end))) {
      begin = end - 1;  // a shorter one within it does not count either
      continue;
    }
    if (token.lstrip)
      while (begin > from && is_space(text[begin - 1])) --begin;
    if (token.rstrip)
      while (end < text.size() && is_space(text[end])) ++end;
    *match = {begin, end, token.id};
    return true;
  }
  return false;
}

}  // namespace matomari::unigram
