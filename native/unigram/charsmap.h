#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "unigram/unicode.h"

namespace matomari::unigram {

// The normaliser that SentencePiece compiles into a model: a double-array trie over UTF-8 bytes, whose values point into
// a table of NUL-ended replacements. It follows the `tokenizers` library in Rust, whose two oddities decide token ids: a
// grapheme cluster of fewer than six bytes is replaced whole where any prefix of it is in the trie, and of several
// prefixes the shortest counts.
class Charsmap {
 public:
  // `file`: the bytes of precompiled_charsmap. Throws bad_input where they are none.
  explicit Charsmap(std::span<const std::uint8_t> file);

  // Appends the normalised text.
  void normalize(Text text, std::u16string& out) const;

 private:
  // The replacement of the shortest prefix that the trie holds, as UTF-8; false where it holds none.
  bool find(std::string_view bytes, std::string_view* replacement) const noexcept;
  void append_character(const char16_t* unit, std::size_t width, std::u16string& out) const;
  void append_cluster(Text cluster, std::u16string& out) const;

  // What a character below U+10000 becomes: itself, or the replacement at that place of replacements_, which begins with
  // its length. kJoins marks those that may stand in a cluster with others, and surrogates.
  static constexpr std::uint32_t kSame = 0, kJoins = 0x80000000;

  std::vector<std::uint32_t> units_;
  std::string texts_;
  std::vector<std::uint32_t> characters_;
  std::u16string replacements_;
};

}  // namespace matomari::unigram
