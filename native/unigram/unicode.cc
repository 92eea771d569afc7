#include "unigram/unicode.h"

#include <algorithm>
#include <cstdint>

namespace matomari::unigram {

namespace {

struct Range {
  char32_t first, last;
};
struct JoiningRange {
  char32_t first, last;
  Joining joining;
};
#include "unigram/unicode_ranges.inl"

// The range that holds the code point, or null.
template <class R, std::size_t N>
const R* find(const R (&ranges)[N], char32_t code) noexcept {
  const R* range = std::partition_point(ranges, ranges + N, [&](const R& r) { return r.last < code; });
  return range != ranges + N && range->first <= code ? range : nullptr;
}

// Of all syllables, every 28th has no trailing consonant.
Joining hangul(char32_t code) noexcept {
  const auto in = [&](char32_t first, char32_t last) { return first <= code && code <= last; };
  if (in(0x1100, 0x115f) || in(0xa960, 0xa97c)) return Joining::lead;
  if (in(0x1160, 0x11a7) || in(0xd7b0, 0xd7c6)) return Joining::vowel;
  if (in(0x11a8, 0x11ff) || in(0xd7cb, 0xd7fb)) return Joining::trail;
  if (in(0xac00, 0xd7a3)) return (code - 0xac00) % 28 == 0 ? Joining::open : Joining::closed;
  return Joining::none;
}

// Whether two neighbours are in one cluster, as far as they alone decide.
bool joins(Joining left, Joining right) noexcept {
  switch (right) {
    case Joining::extend:
    case Joining::joiner:
    case Joining::mark: return left != Joining::control;
    case Joining::control: return false;
    default: break;
  }
  switch (left) {
    case Joining::prepend: return true;
    case Joining::lead:
      return right == Joining::lead || right == Joining::vowel || right == Joining::open || right == Joining::closed;
    case Joining::vowel:
    case Joining::open: return right == Joining::vowel || right == Joining::trail;
    case Joining::trail:
    case Joining::closed: return right == Joining::trail;
    default: return false;
  }
}

}  // namespace

void append_utf8(char32_t code, std::string& bytes) {
  const auto tail = [&](int shift) { bytes += static_cast<char>(0x80 | ((code >> shift) & 0x3f)); };
  if (code < 0x80) {
    bytes += static_cast<char>(code);
  } else if (code < 0x800) {
    bytes += static_cast<char>(0xc0 | (code >> 6));
    tail(0);
  } else if (code < 0x10000) {
    bytes += static_cast<char>(0xe0 | (code >> 12));
    tail(6), tail(0);
  } else {
    bytes += static_cast<char>(0xf0 | (code >> 18));
    tail(12), tail(6), tail(0);
  }
}

void append_utf16(std::string_view bytes, std::u16string& text) {
  for (std::size_t i = 0; i < bytes.size();) {
    const auto lead = static_cast<unsigned char>(bytes[i]);
    const std::size_t more = lead < 0x80 ? 0 : lead < 0xc2 ? 4 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : lead < 0xf5 ? 3 : 4;
    char32_t code = more == 0 ? lead : lead & (0x3fu >> more);
    bool good = more < 4 && i + more < bytes.size();
    for (std::size_t j = 1; good && j <= more; ++j) {
      const auto byte = static_cast<unsigned char>(bytes[i + j]);
      good = (byte & 0xc0) == 0x80;
      code = (code << 6) | (byte & 0x3fu);
    }
    if (!good) code = 0xfffd;
    i += good ? more + 1 : 1;
    if (code >= 0x10000) {
      text += static_cast<char16_t>(0xd7c0 + (code >> 10));
      text += static_cast<char16_t>(0xdc00 + (code & 0x3ff));
    } else {
      text += static_cast<char16_t>(code);
    }
  }
}

Text well_formed(Text text, std::u16string& room) {
  std::uint32_t some = 0;
  for (const char16_t unit : text) some |= is_surrogate(unit) ? 1u : 0u;
  if (!some) return text;
  bool lone = false;
  for (std::size_t i = 0; i < text.size() && !lone; ++i) {
    const std::size_t width = width_at(text, i);
    lone = width == 1 && is_surrogate(text[i]);
    i += width - 1;
  }
  if (!lone) return text;
  room.assign(text);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t width = width_at(text, i);
    if (width == 1 && is_surrogate(text[i])) room[i] = 0xfffd;
    i += width - 1;
  }
  return room;
}

bool is_space(char32_t code) noexcept {
  return code == ' ' || (code >= 9 && code <= 13) || code == 0x85 || code == 0xa0 || code == 0x1680 ||
         (code >= 0x2000 && code <= 0x200a) || code == 0x2028 || code == 0x2029 || code == 0x202f || code == 0x205f ||
         code == 0x3000;
}

bool is_word(char32_t code) noexcept { return find(kWords, code) != nullptr; }

Joining joining(char32_t code) noexcept {
  if (const Joining syllable = hangul(code); syllable != Joining::none) return syllable;
  const JoiningRange* range = find(kJoining, code);
  return range ? range->joining : Joining::none;
}

std::size_t cluster_end(Text text, std::size_t at) noexcept {
  std::size_t width = width_at(text, at);
  char32_t code = code_point(&text[at], width);
  Joining left = joining(code);
  bool picture = left == Joining::picture;  // a picture, and since then only what extends it
  for (std::size_t end = at + width; end < text.size(); end += width) {
    width = width_at(text, end);
    const char32_t before = code;
    code = code_point(&text[end], width);
    const Joining right = joining(code);
    const bool line_end = before == '\r' && code == '\n';
    const bool pictures = picture && left == Joining::joiner && right == Joining::picture;
    if (!line_end && !pictures && !joins(left, right)) return end;
    picture = right == Joining::picture || (picture && (right == Joining::extend || right == Joining::joiner));
    left = right;
  }
  return text.size();
}

}  // namespace matomari::unigram
