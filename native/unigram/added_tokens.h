#pragma once
#include <bitset>
#include <cstdint>
#include <string>
#include <vector>

#include "unigram/trie.h"

namespace matomari::unigram {

// A token that is found in the text by its own words.
struct AddedToken {
  std::u16string content;
  std::int32_t id = 0;
  bool single_word = false;  // only where no other word touches it
  bool lstrip = false;       // takes the white space before it
  bool rstrip = false;       // takes the white space after it
  bool normalized = false;   // is looked for in the normalised text
};

// Finds added tokens: of several at one place the longest counts, and they do not overlap.
class AddedTokens {
 public:
  AddedTokens() = default;
  explicit AddedTokens(std::vector<AddedToken> tokens);

  // Calls rest(part, at) for what lies between tokens and stands at `at`, token(id, part) for every token; no part of
  // the rest is empty.
  template <class Rest, class Token>
  void split(Text text, Rest&& rest, Token&& token) const {
    std::size_t done = 0;
    for (Match match; find(text, done, &match); done = match.end) {
      if (match.begin > done) rest(text.substr(done, match.begin - done), done);
      token(match.id, text.substr(match.begin, match.end - match.begin));
    }
    if (done < text.size()) rest(text.substr(done), done);
  }

 private:
  struct Match {
    std::size_t begin, end;
    std::int32_t id;
  };
  bool find(Text text, std::size_t from, Match* match) const noexcept;

  std::vector<AddedToken> tokens_;
  Trie trie_;
  std::bitset<0x10000> begins_;  // units that a token begins with
};

}  // namespace matomari::unigram
