#pragma once
#include <cstddef>
#include <string>
#include <string_view>

// Texts are UTF-16, as JavaScript has them: nothing is converted but the few characters that are looked up as UTF-8.
namespace matomari::unigram {

using Text = std::u16string_view;

constexpr bool is_surrogate(char16_t unit) noexcept { return (unit & 0xf800) == 0xd800; }
constexpr bool is_high(char16_t unit) noexcept { return (unit & 0xfc00) == 0xd800; }
constexpr bool is_low(char16_t unit) noexcept { return (unit & 0xfc00) == 0xdc00; }

// Units of the character at `at`: 2 for a surrogate pair.
inline std::size_t width_at(Text text, std::size_t at) noexcept {
  return is_high(text[at]) && at + 1 < text.size() && is_low(text[at + 1]) ? 2 : 1;
}

// The code point of a character of `width` units.
inline char32_t code_point(const char16_t* unit, std::size_t width) noexcept {
  return width == 1 ? unit[0] : 0x10000 + ((unit[0] & 0x3ffu) << 10) + (unit[1] & 0x3ffu);
}

// Appends a character's UTF-8 bytes.
void append_utf8(char32_t code, std::string& bytes);
// Appends well-formed UTF-8 as UTF-16; a byte that is none becomes U+FFFD.
void append_utf16(std::string_view bytes, std::u16string& text);
// Replaces lone surrogates by U+FFFD; gives the text itself where there are none.
Text well_formed(Text text, std::u16string& room);

// White_Space.
bool is_space(char32_t code) noexcept;
// What a regular expression's \w takes: letters, marks, digits, connectors, joiners.
bool is_word(char32_t code) noexcept;

// How a character joins its neighbours into a grapheme cluster (Unicode's annex 29). Regional indicators and Indic
// conjuncts are left out: clusters of theirs are longer than those that the normaliser looks at.
enum class Joining : unsigned char {
  none, control, extend, joiner, mark, prepend, picture,
  lead, vowel, trail, open, closed  // Hangul: single letters, and syllables without and with a trailing one
};
Joining joining(char32_t code) noexcept;

// The end of the grapheme cluster that begins at `at`.
std::size_t cluster_end(Text text, std::size_t at) noexcept;

}  // namespace matomari::unigram
