#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "unigram/added_tokens.h"
#include "unigram/charsmap.h"
#include "unigram/viterbi.h"

namespace matomari::unigram {

// A step of the normaliser.
struct Edit {
  enum class Kind { charsmap, replace, squeeze, strip, prepend } kind;
  std::u16string pattern;      // replace: what is looked for; squeeze: one unit
  std::u16string content;      // what stands in its place; prepend: what is put before a text that is not empty
  std::size_t least = 1;       // squeeze: runs of at least so many
  bool left = false, right = false;  // strip: the ends whose white space goes
};

// A step that cuts the normalised text into words.
struct Cut {
  enum class Kind { whitespace, metaspace } kind;
  // metaspace: spaces become the mark, one is put before the text, and the text is cut before every mark.
  std::u16string mark;
  enum class Prepend { never, first, always } prepend = Prepend::always;
  bool split = true;
};

// A text or what is already known of a part of it.
struct Section {
  static constexpr std::int32_t kBegin = -1, kInside = -2;  // text at the beginning of the input, or further in
  Text text;
  std::int32_t kind;  // one of these, or the id of the added token that it is
};

// What SentencePiece's Unigram models become in a tokenizer.json, with the same ids as the `tokenizers` library in Rust.
// Never changes, so that any number of threads may use it.
class Tokenizer {
 public:
  Tokenizer(Vocabulary vocabulary, std::optional<Charsmap> charsmap, std::vector<Edit> edits, std::vector<Cut> cuts,
            std::vector<AddedToken> added);

  // What one thread needs to tokenise.
  class Worker;

  // Cuts a text at its added tokens, those that are looked for before normalising.
  std::vector<Section> split(Text text) const;

 private:
  void normalize(Text text, std::u16string& out, std::u16string& room) const;

  Vocabulary vocabulary_;
  std::optional<Charsmap> charsmap_;
  std::vector<Edit> edits_;
  std::vector<Cut> cuts_;
  AddedTokens raw_, normalized_;
};

class Tokenizer::Worker {
 public:
  explicit Worker(const Tokenizer& tokenizer)
      : tokenizer_(tokenizer), viterbi_(tokenizer.vocabulary_), marked_(tokenizer.cuts_.size()) {}

  // Appends the ids of a whole text, without special tokens.
  void encode(const core::Context& ctx, Text text, std::vector<std::int32_t>& ids);
  // The same of a section, in which no raw added token is looked for.
  void encode(const core::Context& ctx, const Section& section, std::vector<std::int32_t>& ids);

 private:
  void words(const core::Context& ctx, std::size_t step, Text text, bool first, std::vector<std::int32_t>& ids);

  const Tokenizer& tokenizer_;
  Viterbi viterbi_;
  std::u16string repaired_, normalized_, room_;
  std::vector<std::u16string> marked_;  // of every metaspace step
};

}  // namespace matomari::unigram
