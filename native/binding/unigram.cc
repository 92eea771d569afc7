#include <algorithm>
#include <cstring>
#include <memory>

#include "binding/args.h"
#include "binding/job.h"
#include "binding/operations.h"
#include "unigram/batch.h"

namespace matomari::binding {

namespace {

using unigram::Cut;
using unigram::Edit;
using Shared = std::shared_ptr<const unigram::Tokenizer>;

// Marks the externals that are tokenizers.
constexpr napi_type_tag kTokenizer = {0x6d61746f6d617269, 0x756e696772616d31};

Shared tokenizer_of(const Args& args) {
  const Napi::Value value = args.value("tokenizer");
  bool ours = false;
  if (!value.IsExternal() || napi_check_object_type_tag(value.Env(), value, &kTokenizer, &ours) != napi_ok || !ours)
    args.fail("tokenizer", "one that unigram gave");
  return *value.As<Napi::External<Shared>>().Data();
}

Napi::Value wrap(Napi::Env env, Shared tokenizer) {
  auto external = Napi::External<Shared>::New(env, new Shared(std::move(tokenizer)), [](Napi::Env, Shared* held) { delete held; });
  napi_type_tag_object(env, external, &kTokenizer);
  return external;
}

std::vector<Edit> edits_of(const Args& args, bool* has_charsmap) {
  std::vector<Edit> edits;
  for (const Args& entry : args.list("edits")) {
    const std::string kind = entry.text("kind");
    Edit edit{};
    if (kind == "charsmap") {
      edit.kind = Edit::Kind::charsmap;
      *has_charsmap = true;
    } else if (kind == "replace" || kind == "squeeze") {
      edit.kind = kind == "replace" ? Edit::Kind::replace : Edit::Kind::squeeze;
      edit.pattern = entry.utf16("pattern");
      edit.content = entry.utf16("content");
      if (edit.pattern.empty()) entry.fail("pattern", "a string that is not empty");
      if (kind == "squeeze") edit.least = std::max<std::size_t>(entry.size("least"), 1);
    } else if (kind == "strip") {
      edit.kind = Edit::Kind::strip;
      edit.left = entry.flag("left");
      edit.right = entry.flag("right");
    } else if (kind == "prepend") {
      edit.kind = Edit::Kind::prepend;
      edit.content = entry.utf16("content");
    } else {
      entry.fail("kind", "charsmap, replace, squeeze, strip or prepend");
    }
    edits.push_back(std::move(edit));
  }
  return edits;
}

std::vector<Cut> cuts_of(const Args& args) {
  std::vector<Cut> cuts;
  for (const Args& entry : args.list("cuts")) {
    const std::string kind = entry.text("kind"), prepend = entry.text("prepend");
    Cut cut{};
    if (kind == "metaspace") {
      cut.kind = Cut::Kind::metaspace;
      cut.mark = entry.utf16("mark");
      if (cut.mark.empty()) entry.fail("mark", "a string that is not empty");
      cut.prepend = prepend == "always" ? Cut::Prepend::always : prepend == "first" ? Cut::Prepend::first : Cut::Prepend::never;
      cut.split = entry.flag("split");
    } else if (kind == "whitespace") {
      cut.kind = Cut::Kind::whitespace;
    } else {
      entry.fail("kind", "whitespace or metaspace");
    }
    cuts.push_back(std::move(cut));
  }
  return cuts;
}

std::vector<unigram::AddedToken> added_of(const Args& args) {
  std::vector<unigram::AddedToken> added;
  for (const Args& entry : args.list("added")) {
    const std::size_t id = entry.size("id");
    if (id > 0x7fffffff) entry.fail("id", "below 2^31");
    added.push_back({entry.utf16("content"), static_cast<std::int32_t>(id), entry.flag("singleWord"),
                     entry.flag("lstrip"), entry.flag("rstrip"), entry.flag("normalized")});
  }
  return added;
}

// The texts of `units` that end at `ends`.
unigram::Batch batch_of(Args& args) {
  unigram::Batch batch;
  std::size_t length = 0, count = 0;
  batch.units = reinterpret_cast<const char16_t*>(args.array<std::uint16_t>("units", &length));
  const auto* const ends = args.array<std::uint32_t>("ends", &count);
  batch.ends = {ends, count};
  if (!std::is_sorted(ends, ends + count) || (count > 0 && ends[count - 1] > length))
    args.fail("ends", "rising, up to the length of units");
  return batch;
}

template <class T, class Array>
Napi::Value copied(Napi::Env env, const std::vector<T>& values) {
  Array array = Array::New(env, values.size());
  if (!values.empty()) std::memcpy(array.Data(), values.data(), values.size() * sizeof(T));
  return array;
}

}  // namespace

Napi::Value unigram(const Napi::CallbackInfo& info) {
  Args args(info);
  const unigram::Batch pieces = batch_of(args);
  const auto* const scores = args.array<double>("scores", pieces.size());
  const double unknown = args.number("unknown");
  const bool fallback = args.flag("byteFallback");
  bool has_charsmap = false;
  auto edits = edits_of(args, &has_charsmap);
  auto cuts = cuts_of(args);
  auto added = added_of(args);
  std::size_t map_size = 0;
  const std::uint8_t* const map = has_charsmap ? args.array<std::uint8_t>("charsmap", &map_size) : nullptr;
  if (pieces.size() > 0x7fffffff) args.fail("scores", "below 2^31 in number");
  auto made = std::make_shared<Shared>();
  return Job::start(
      info.Env(), info[1].As<Napi::Object>(), args.pins(),
      [=, edits = std::move(edits), cuts = std::move(cuts), added = std::move(added)](core::Context&, const simd::Kernels&) {
        std::vector<unigram::Text> texts;
        for (std::size_t i = 0; i < pieces.size(); ++i) texts.push_back(pieces.text(i));
        unigram::Vocabulary vocabulary(texts, {scores, scores + pieces.size()}, static_cast<std::int32_t>(unknown), fallback);
        std::optional<unigram::Charsmap> charsmap;
        if (map) charsmap.emplace(std::span(map, map_size));
        *made = std::make_shared<const unigram::Tokenizer>(std::move(vocabulary), std::move(charsmap), edits, cuts, added);
      },
      [made](Napi::Object result) { result.Set("tokenizer", wrap(result.Env(), *made)); });
}

Napi::Value unigram_encode(const Napi::CallbackInfo& info) {
  Args args(info);
  const Shared tokenizer = tokenizer_of(args);
  unigram::Batch batch = batch_of(args);
  if (args.has("kinds")) batch.kinds = {args.array<std::int32_t>("kinds", batch.size()), batch.size()};
  auto encoded = std::make_shared<unigram::Encoded>();
  return Job::start(
      info.Env(), info[1].As<Napi::Object>(), args.pins(),
      [=](core::Context& ctx, const simd::Kernels&) { *encoded = unigram::encode(ctx, *tokenizer, batch); },
      [encoded](Napi::Object result) {
        result.Set("ids", copied<std::int32_t, Napi::Int32Array>(result.Env(), encoded->ids));
        result.Set("ends", copied<std::uint32_t, Napi::Uint32Array>(result.Env(), encoded->ends));
      });
}

Napi::Value unigram_split(const Napi::CallbackInfo& info) {
  Args args(info);
  const Shared tokenizer = tokenizer_of(args);
  const unigram::Batch batch = batch_of(args);
  auto sections = std::make_shared<unigram::Sections>();
  return Job::start(
      info.Env(), info[1].As<Napi::Object>(), args.pins(),
      [=](core::Context& ctx, const simd::Kernels&) { *sections = unigram::split(ctx, *tokenizer, batch); },
      [sections](Napi::Object result) {
        result.Set("ends", copied<std::uint32_t, Napi::Uint32Array>(result.Env(), sections->ends));
        result.Set("kinds", copied<std::int32_t, Napi::Int32Array>(result.Env(), sections->kinds));
        result.Set("texts", copied<std::uint32_t, Napi::Uint32Array>(result.Env(), sections->texts));
      });
}

}  // namespace matomari::binding
