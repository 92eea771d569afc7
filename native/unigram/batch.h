#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "core/context.h"
#include "unigram/tokenizer.h"

namespace matomari::unigram {

// Many texts, one after the other: text i is units [ends[i − 1], ends[i]). Where they are sections of texts, kinds[i] is
// that of Section; an empty `kinds` means whole texts.
struct Batch {
  const char16_t* units = nullptr;
  std::span<const std::uint32_t> ends;
  std::span<const std::int32_t> kinds;

  std::size_t size() const noexcept { return ends.size(); }
  Text text(std::size_t i) const noexcept {
    const std::size_t begin = i == 0 ? 0 : ends[i - 1];
    return {units + begin, ends[i] - begin};
  }
};

// Ids of all texts, one after the other: those of text i are ids [ends[i − 1], ends[i]).
struct Encoded {
  std::vector<std::int32_t> ids;
  std::vector<std::uint32_t> ends;
};

Encoded encode(core::Context& ctx, const Tokenizer& tokenizer, const Batch& batch);

// The sections of all texts: where each ends and what it is, and for every text how many sections there are up to its end.
struct Sections {
  std::vector<std::uint32_t> ends;
  std::vector<std::int32_t> kinds;
  std::vector<std::uint32_t> texts;
};

Sections split(core::Context& ctx, const Tokenizer& tokenizer, const Batch& batch);

}  // namespace matomari::unigram
