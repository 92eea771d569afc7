#include <cstdio>
#include <cstring>
#include <map>
#include <memory>

#include "harness.h"
#include "unigram/batch.h"

using namespace matomari;
using namespace matomari::test;
using namespace matomari::unigram;

namespace {

// The file of a charsmap: a double array in which every state has 256 places of its own.
std::vector<std::uint8_t> charsmap_file(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::map<std::string, std::uint32_t> states{{"", 0}};
  for (const auto& [from, to] : pairs)
    for (std::size_t n = 1; n <= from.size(); ++n) states.emplace(from.substr(0, n), static_cast<std::uint32_t>(states.size()));
  // A state's children are at 512 (state + 1) ^ byte, its value at 512 (state + 1) ^ 0, where no child is.
  std::vector<std::uint32_t> units(512 * (states.size() + 2), 0);
  const auto place = [](std::uint32_t state) { return 512 * (state + 1); };
  const auto at_of = [&](const std::string& key) {
    const auto parent = states.at(key.substr(0, key.size() - 1));
    return place(parent) ^ static_cast<unsigned char>(key.back());
  };
  units[0] = place(0) << 10;
  std::string texts;
  for (const auto& [key, state] : states) {
    if (key.empty()) continue;
    const std::uint32_t at = at_of(key);
    units[at] = static_cast<unsigned char>(key.back()) | ((at ^ place(state)) << 10);
  }
  for (const auto& [from, to] : pairs) {
    units[at_of(from)] |= 1u << 8;
    units[place(states.at(from))] = static_cast<std::uint32_t>(texts.size());
    texts += to + '\0';
  }
  std::vector<std::uint8_t> file(4 + 4 * units.size() + texts.size());
  const auto bytes = static_cast<std::uint32_t>(4 * units.size());
  std::memcpy(file.data(), &bytes, 4);
  std::memcpy(file.data() + 4, units.data(), bytes);
  std::memcpy(file.data() + 4 + bytes, texts.data(), texts.size());
  return file;
}

std::u16string normalized(const Charsmap& map, Text text) {
  std::u16string out;
  map.normalize(text, out);
  return out;
}

std::u16string random_text(Numbers& n, std::size_t longest, bool lone_surrogates = true) {
  static const char16_t units[] = u"aab  ▁c\u0301\u0308\u3099か\u200d\r\n\u0600©\ufe0f\uac00\u1100\u1161\u11a8Ａé";
  std::u16string text;
  for (std::size_t left = n.below(longest + 1); left > 0; --left)
    switch (n.below(8)) {
      case 0: {
        const auto unit = static_cast<char16_t>(n.bits());
        if (lone_surrogates || !is_surrogate(unit)) text += unit;
        break;
      }
      case 1: text += u"\U0001f469"; break;
      case 2: text += u"<s>"; break;
      default: text += units[n.below(std::size(units) - 1)];
    }
  return text;
}

const std::vector<std::pair<std::u16string, double>> kPieces = {
    {u"<s>", 0}, {u"<unk>", 0}, {u"a", -1}, {u"b", -1}, {u"ab", -2}, {u"▁", -1}, {u"▁a", -2}, {u"か", -1}, {u"bc", -2.5},
    {u"\U0001f469", -3}, {u"ab", -2}};

Tokenizer small(bool bytes) {
  auto pieces = kPieces;
  for (int byte = 0; bytes && byte < 256; ++byte) {
    char name[8];
    std::snprintf(name, sizeof name, "<0x%02X>", static_cast<unsigned>(byte));
    pieces.emplace_back(std::u16string(name, name + 6), -9);
  }
  std::vector<Text> texts;
  std::vector<double> scores;
  for (const auto& [text, score] : pieces) {
    texts.push_back(text);
    scores.push_back(score);
  }
  std::vector<Edit> edits(2);
  edits[0].kind = Edit::Kind::charsmap;
  edits[1] = {Edit::Kind::squeeze, u" ", u" ", 2, false, false};
  std::vector<Cut> cuts(2);
  cuts[0].kind = Cut::Kind::whitespace;
  cuts[1] = {Cut::Kind::metaspace, u"▁", Cut::Prepend::always, true};
  return {Vocabulary(texts, scores, 1, bytes), Charsmap(charsmap_file({{"\xef\xbc\xa1", "a"}, {"e\xcc\x81", "b"}})), edits, cuts,
          {{u"<s>", 0, false, true, false, false}, {u"ｃ", 99, true, false, false, true}}};
}

std::vector<std::int32_t> ids(const Tokenizer& tokenizer, Text text) {
  core::Context ctx(1);
  std::vector<std::int32_t> found;
  Tokenizer::Worker(tokenizer).encode(ctx, text, found);
  return found;
}

}  // namespace

TEST(a_trie_holds_its_strings_and_no_others) {
  Numbers n(21);
  for (int round = 0; round < (quick ? 5 : 40); ++round) {
    // A small alphabet for deep tries, a large one for wide ones.
    const std::size_t alphabet = round % 2 ? 3 : 3000;
    const auto random = [&] {
      std::u16string text;
      for (std::size_t left = n.below(6); left > 0; --left) text += static_cast<char16_t>(0x3000 + n.below(alphabet));
      return text;
    };
    std::vector<std::u16string> strings;
    std::map<std::u16string, std::int32_t> wanted;
    for (int i = 0; i < 500; ++i) {
      strings.push_back(random());
      if (!strings.back().empty()) wanted[strings.back()] = i;
    }
    const Trie trie(std::vector<Text>(strings.begin(), strings.end()));
    for (const auto& [text, index] : wanted) CHECK(trie.find(text) == index);
    for (int i = 0; i < 500; ++i) {
      const std::u16string text = random();
      CHECK(trie.find(text) == (wanted.count(text) ? wanted[text] : Trie::kNone));
    }
    CHECK(trie.find(u"\xffff") == Trie::kNone);
  }
  CHECK(Trie(std::vector<Text>{}).find(u"a") == Trie::kNone);
}

TEST(grapheme_clusters_end_where_unicode_says) {
  const auto length = [](Text text) { return cluster_end(text, 0); };
  CHECK(length(u"ab") == 1);
  CHECK(length(u"e\u0301\u0308x") == 3);
  CHECK(length(u"\r\nx") == 2);
  CHECK(length(u"\n\r") == 1);
  CHECK(length(u"\n\u0301") == 1);
  CHECK(length(u"\u06001") == 2);
  CHECK(length(u"\u1100\u1161\u11a8\u1100") == 3);
  CHECK(length(u"\uac00\u11a8\uac00") == 2);
  CHECK(length(u"\uac01\u1161") == 1);
  CHECK(length(u"\U0001f469\U0001f3fd\u200d\U0001f4bb!") == 7);
  CHECK(length(u"a\u200d\U0001f4bb") == 2);
  CHECK(length(u"\u0e01\u0e33\u0e01") == 2);
}

TEST(a_charsmap_replaces_characters_and_short_clusters) {
  const Charsmap map(charsmap_file({{"A", "bc"}, {"\xef\xbd\x81", "a"}, {"e\xcc\x81", "\xc3\xa9"}, {"\xf0\x9d\x90\x80", "A"}, {"z", ""}}));
  CHECK(normalized(map, u"xAy") == u"xbcy");
  CHECK(normalized(map, u"ａ") == u"a");
  CHECK(normalized(map, u"zz") == u"");
  CHECK(normalized(map, u"xe\u0301y") == u"xéy");
  CHECK(normalized(map, u"\U0001d400") == u"A");
  // Of a cluster of fewer than six bytes the shortest prefix stands for all of it; a longer one goes by characters.
  CHECK(normalized(map, u"A\u0301") == u"bc");
  CHECK(normalized(map, u"A\u0301\u0302") == u"bc");
  CHECK(normalized(map, u"A\u0301\u0302\u0303") == u"bc\u0301\u0302\u0303");
  CHECK(normalized(map, u"") == u"");
}

TEST(a_damaged_charsmap_never_reads_outside) {
  Numbers n(22);
  for (int round = 0; round < (quick ? 20 : 300); ++round) {
    std::vector<std::uint8_t> file(n.below(3) ? 4 + 4 * (1 + n.below(400)) + n.below(9) : n.below(12));
    for (auto& byte : file) byte = static_cast<std::uint8_t>(n.bits());
    if (file.size() >= 8) {
      const auto bytes = static_cast<std::uint32_t>((file.size() - 4) / 4 * 4);
      std::memcpy(file.data(), &bytes, 4);
    }
    try {
      const Charsmap map(file);
      for (int i = 0; i < 20; ++i) normalized(map, random_text(n, 12));
      CHECK(file.size() >= 8);
    } catch (const core::Error& error) {
      CHECK(error.code() == core::Code::bad_input);
    }
  }
}

TEST(a_tokenizer_finds_the_best_pieces) {
  const Tokenizer plain = small(false), bytes = small(true);
  using Ids = std::vector<std::int32_t>;
  // Of equal sums the piece that starts first wins, of equal pieces the later one counts.
  CHECK(ids(plain, u"ab") == (Ids{5, 10}));
  CHECK(ids(plain, u"a b") == (Ids{6, 5, 3}));
  CHECK(ids(plain, u"") == Ids{});
  CHECK(ids(plain, u" \u3000") == Ids{});
  CHECK(ids(plain, u"xyz") == (Ids{5, 1}));
  CHECK(ids(bytes, u"é") == (Ids{5, 11 + 0xc3, 11 + 0xa9}));
  CHECK(ids(plain, u"か <s>a") == (Ids{5, 7, 0, 6}));
  CHECK(ids(plain, u"Ａ") == (Ids{6}));
  CHECK(ids(plain, u"a ｃ") == (Ids{6, 99}));
  CHECK(ids(plain, u"aｃ") == (Ids{6, 1}));
  CHECK(ids(plain, u"\xd800") == ids(plain, u"\ufffd"));
  CHECK(ids(plain, u"▁▁a") == (Ids{5, 6}));
}

TEST(a_batch_is_its_texts_whatever_the_threads) {
  Numbers n(23);
  const Tokenizer tokenizer = small(true);
  std::u16string units;
  std::vector<std::uint32_t> ends;
  std::vector<std::int32_t> expected;
  std::vector<std::uint32_t> expected_ends;
  for (int i = 0; i < (quick ? 200 : 3000); ++i) {
    const std::u16string text = random_text(n, 30);
    units += text;
    ends.push_back(static_cast<std::uint32_t>(units.size()));
    const auto own = ids(tokenizer, text);
    expected.insert(expected.end(), own.begin(), own.end());
    expected_ends.push_back(static_cast<std::uint32_t>(expected.size()));
  }
  const Batch batch{units.data(), ends, {}};
  for (const unsigned threads : {1u, 2u, 5u}) {
    core::Context ctx(threads);
    const Encoded encoded = encode(ctx, tokenizer, batch);
    CHECK(encoded.ids == expected);
    CHECK(encoded.ends == expected_ends);
  }
  core::Context cancelled(2);
  cancelled.cancel();
  bool stopped = false;
  try {
    encode(cancelled, tokenizer, batch);
  } catch (const core::Error& error) {
    stopped = error.code() == core::Code::cancelled;
  }
  CHECK(stopped);

  Hash hash;
  hash.add(expected);
  std::printf("hash unigram %016llx\n", static_cast<unsigned long long>(hash.value()));
}

TEST(sections_of_a_text_give_its_ids) {
  Numbers n(24);
  const Tokenizer tokenizer = small(true);
  core::Context ctx(1);
  for (int i = 0; i < (quick ? 100 : 1000); ++i) {
    const std::u16string text = random_text(n, 30, false);
    const std::uint32_t end = static_cast<std::uint32_t>(text.size());
    const Sections sections = split(ctx, tokenizer, {text.data(), {&end, 1}, {}});
    CHECK(sections.texts.size() == 1 && sections.texts[0] == sections.ends.size());
    CHECK(text.empty() || sections.ends.back() == end);
    CHECK(encode(ctx, tokenizer, {text.data(), sections.ends, sections.kinds}).ids == ids(tokenizer, text));
  }
}
