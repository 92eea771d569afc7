#include "unigram/charsmap.h"

#include <bit>
#include <cstring>

#include "core/error.h"

namespace matomari::unigram {

namespace {

static_assert(std::endian::native == std::endian::little, "the file's integers are read as they are");

constexpr std::uint32_t offset(std::uint32_t unit) noexcept { return (unit >> 10) << ((unit & 0x200) >> 6); }

}  // namespace

Charsmap::Charsmap(std::span<const std::uint8_t> file) {
  std::uint32_t size = 0;
  if (file.size() >= 4) std::memcpy(&size, file.data(), 4);
  if (size == 0 || size % 4 != 0 || size > file.size() - 4)
    throw core::Error(core::Code::bad_input, "the precompiled_charsmap is damaged: get the file again");
  units_.resize(size / 4);
  std::memcpy(units_.data(), file.data() + 4, size);
  texts_.assign(reinterpret_cast<const char*>(file.data()) + 4 + size, file.size() - 4 - size);

  characters_.assign(0x10000, kSame);
  replacements_.push_back(0);  // so that no replacement is at kSame
  std::string bytes;
  std::u16string becomes;
  for (char32_t code = 0; code < 0x10000; ++code) {
    const auto unit = static_cast<char16_t>(code);
    if (is_surrogate(unit)) {
      characters_[code] = kJoins;
      continue;
    }
    bytes.clear();
    append_utf8(code, bytes);
    std::string_view replacement;
    if (find(bytes, &replacement)) {
      becomes.clear();
      append_utf16(replacement, becomes);
      if (becomes != Text(&unit, 1)) {
        characters_[code] = static_cast<std::uint32_t>(replacements_.size());
        replacements_.push_back(static_cast<char16_t>(becomes.size()));
        replacements_.append(becomes);
      }
    }
    const Joining kind = joining(code);
    // Controls and pictures join only what is marked itself, but for the two that end a line.
    const bool alone = kind == Joining::none || kind == Joining::picture || kind == Joining::open ||
                       kind == Joining::closed || (kind == Joining::control && code != '\r');
    if (!alone) characters_[code] |= kJoins;
  }
}

bool Charsmap::find(std::string_view bytes, std::string_view* replacement) const noexcept {
  std::uint32_t at = offset(units_[0]);
  for (const char byte : bytes) {
    const std::uint32_t label = static_cast<unsigned char>(byte);
    if (label == 0) return false;
    at ^= label;
    if (at >= units_.size()) return false;
    const std::uint32_t unit = units_[at];
    if ((unit & 0x800000ff) != label) return false;
    at ^= offset(unit);
    if (((unit >> 8) & 1) == 0) continue;
    if (at >= units_.size()) return false;
    const std::size_t start = units_[at] & 0x7fffffff;
    if (start > texts_.size()) return false;
    *replacement = std::string_view(texts_).substr(start);
    *replacement = replacement->substr(0, replacement->find('\0'));
    return true;
  }
  return false;
}

void Charsmap::normalize(Text text, std::u16string& out) const {
  const std::size_t before = out.size();
  out.resize(before + text.size());
  char16_t* to = out.data() + before;
  std::size_t i = 0;
  for (; i < text.size(); ++i) {
    const std::uint32_t known = characters_[text[i]];
    if (known != kSame) break;
    *to++ = text[i];
  }
  out.resize(static_cast<std::size_t>(to - out.data()));
  bool joins = false;
  for (std::size_t j = i; j < text.size() && !joins; ++j) joins = (characters_[text[j]] & kJoins) != 0;
  if (!joins) {
    for (; i < text.size(); ++i) append_character(&text[i], 1, out);
    return;
  }
  // What came before may be the beginning of a cluster, of which its last character is all that can be in it.
  if (i > 0) {
    --i;
    out.pop_back();
  }
  while (i < text.size()) {
    const std::size_t end = cluster_end(text, i);
    append_cluster(text.substr(i, end - i), out);
    i = end;
  }
}

void Charsmap::append_character(const char16_t* unit, std::size_t width, std::u16string& out) const {
  if (width == 1) {
    const std::uint32_t known = characters_[*unit] & ~kJoins;
    if (known == kSame)
      out += *unit;
    else
      out.append(replacements_, known + 1, replacements_[known]);
    return;
  }
  std::string bytes;
  append_utf8(code_point(unit, width), bytes);
  std::string_view replacement;
  if (find(bytes, &replacement))
    append_utf16(replacement, out);
  else
    out.append(unit, width);
}

void Charsmap::append_cluster(Text cluster, std::u16string& out) const {
  const std::size_t first = width_at(cluster, 0);
  if (cluster.size() > first && cluster.size() < 6) {
    std::string bytes;
    for (std::size_t i = 0, width; i < cluster.size(); i += width) {
      width = width_at(cluster, i);
      append_utf8(code_point(&cluster[i], width), bytes);
    }
    std::string_view replacement;
    if (bytes.size() < 6 && find(bytes, &replacement)) {
      append_utf16(replacement, out);
      return;
    }
  }
  for (std::size_t i = 0, width; i < cluster.size(); i += width) {
    width = width_at(cluster, i);
    append_character(&cluster[i], width, out);
  }
}

}  // namespace matomari::unigram
