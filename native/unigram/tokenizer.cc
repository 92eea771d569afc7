#include "unigram/tokenizer.h"

#include <algorithm>
#include <utility>

namespace matomari::unigram {

namespace {

std::vector<AddedToken> chosen(const std::vector<AddedToken>& tokens, bool normalized) {
  std::vector<AddedToken> some;
  for (const AddedToken& token : tokens)
    if (token.normalized == normalized) some.push_back(token);
  return some;
}

void substitute(Text text, const std::u16string& pattern, const std::u16string& content, std::u16string& out) {
  for (std::size_t at = 0;;) {
    const std::size_t found = text.find(pattern, at);
    out.append(text.substr(at, found - at));
    if (found == Text::npos) return;
    out += content;
    at = found + pattern.size();
  }
}

void squeeze(Text text, char16_t unit, std::size_t least, const std::u16string& content, std::u16string& out) {
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && text[end] == unit) ++end;
    if (end - at >= least)
      out += content;
    else
      out.append(text.substr(at, end - at));
    if (end < text.size()) out += text[end++];
    at = end;
  }
}

Text strip(Text text, bool left, bool right) {
  while (left && !text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (right && !text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

Tokenizer::Tokenizer(Vocabulary vocabulary, std::optional<Charsmap> charsmap, std::vector<Edit> edits,
                     std::vector<Cut> cuts, std::vector<AddedToken> added)
    : vocabulary_(std::move(vocabulary)),
      charsmap_(std::move(charsmap)),
      edits_(std::move(edits)),
      cuts_(std::move(cuts)),
      raw_(chosen(added, false)) {
  std::vector<AddedToken> later = chosen(added, true);
  std::u16string room, content;
  for (AddedToken& token : later) {
    normalize(token.content, content, room);
    token.content = content;
  }
  normalized_ = AddedTokens(std::move(later));
}

std::vector<Section> Tokenizer::split(Text text) const {
  std::vector<Section> sections;
  raw_.split(
      text,
      [&](Text part, std::size_t at) { sections.push_back({part, at == 0 ? Section::kBegin : Section::kInside}); },
      [&](std::int32_t id, Text part) { sections.push_back({part, id}); });
  return sections;
}

void Tokenizer::normalize(Text text, std::u16string& out, std::u16string& room) const {
  out.assign(text);
  for (const Edit& edit : edits_) {
    room.clear();
    switch (edit.kind) {
      case Edit::Kind::charsmap: charsmap_->normalize(out, room); break;
      case Edit::Kind::replace: substitute(out, edit.pattern, edit.content, room); break;
      case Edit::Kind::squeeze: squeeze(out, edit.pattern[0], edit.least, edit.content, room); break;
      case Edit::Kind::strip: room = strip(out, edit.left, edit.right); break;
      case Edit::Kind::prepend:
        if (!out.empty()) room = edit.content;
        room += out;
        break;
    }
    std::swap(out, room);
  }
}

void Tokenizer::Worker::encode(const core::Context& ctx, Text text, std::vector<std::int32_t>& ids) {
  tokenizer_.raw_.split(
      well_formed(text, repaired_),
      [&](Text part, std::size_t at) { encode(ctx, Section{part, at == 0 ? Section::kBegin : Section::kInside}, ids); },
      [&](std::int32_t id, Text) { ids.push_back(id); });
}

void Tokenizer::Worker::encode(const core::Context& ctx, const Section& section, std::vector<std::int32_t>& ids) {
  if (section.kind >= 0) {
    ids.push_back(section.kind);
    return;
  }
  tokenizer_.normalize(section.text, normalized_, room_);
  tokenizer_.normalized_.split(
      normalized_,
      [&](Text part, std::size_t at) { words(ctx, 0, part, section.kind == Section::kBegin && at == 0, ids); },
      [&](std::int32_t id, Text) { ids.push_back(id); });
}

void Tokenizer::Worker::words(const core::Context& ctx, std::size_t step, Text text, bool first,
                              std::vector<std::int32_t>& ids) {
  if (step == tokenizer_.cuts_.size()) {
    viterbi_.encode(ctx, text, ids);
    return;
  }
  const Cut& cut = tokenizer_.cuts_[step];
  if (cut.kind == Cut::Kind::whitespace) {
    for (std::size_t at = 0; at < text.size();) {
      if (is_space(text[at])) {
        ++at;
        continue;
      }
      std::size_t end = at + 1;
      while (end < text.size() && !is_space(text[end])) ++end;
      words(ctx, step + 1, text.substr(at, end - at), first && at == 0, ids);
      at = end;
    }
    return;
  }
  std::u16string& marked = marked_[step];
  marked.clear();
  const bool wanted = cut.prepend == Cut::Prepend::always || (cut.prepend == Cut::Prepend::first && first);
  if (wanted && !text.starts_with(cut.mark) && !text.starts_with(u' ')) marked = cut.mark;
  substitute(text, u" ", cut.mark, marked);
  for (std::size_t at = 0; at < marked.size();) {
    const std::size_t next = cut.split ? std::min(marked.find(cut.mark, at + 1), marked.size()) : marked.size();
    words(ctx, step + 1, Text(marked).substr(at, next - at), first && at == 0, ids);
    at = next;
  }
}

}  // namespace matomari::unigram
