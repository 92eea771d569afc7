#pragma once
#include <cstdint>
#include <vector>

#include "core/context.h"
#include "unigram/trie.h"

namespace matomari::unigram {

// The pieces of a Unigram model and their scores.
struct Vocabulary {
  std::vector<double> scores;
  std::int32_t unknown = -1;    // id of what no piece covers
  bool byte_fallback = false;   // give its bytes instead, where the vocabulary has a piece <0x..> for each
  Trie trie;
  double unknown_score = 0;
  std::vector<std::int32_t> bytes;  // ids of <0x00> … <0xFF>; −1 where there is none

  Vocabulary() = default;
  Vocabulary(std::span<const Text> pieces, std::vector<double> scores, std::int32_t unknown, bool byte_fallback);
};

// Splits a text into the pieces whose scores add up to the most.
//
// Sums are formed in the order of the `tokenizers` library in Rust (its encode_optimized), float64 from the left, and of
// equal sums the piece that starts first wins: so ties, too, fall as they fall in Python. Linear in the length.
class Viterbi {
 public:
  explicit Viterbi(const Vocabulary& vocabulary) : vocabulary_(vocabulary) {}
  // Appends the ids; neighbouring unknown characters are one.
  void encode(const core::Context& ctx, Text text, std::vector<std::int32_t>& ids);

 private:
  void collect(Text text, std::vector<std::int32_t>& ids) const;
  void collect_unknown(Text text, std::vector<std::int32_t>& ids) const;

  // The best way to a place: its score, and the piece that ends there.
  struct Way {
    double score;
    std::int32_t start;  // −1: none yet
    std::int32_t piece;
  };
  const Vocabulary& vocabulary_;
  std::vector<Way> ways_;
};

}  // namespace matomari::unigram
