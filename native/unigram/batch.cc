#include "unigram/batch.h"

#include <algorithm>
#include <limits>
#include <memory>

#include "core/parallel.h"

namespace matomari::unigram {

Encoded encode(core::Context& ctx, const Tokenizer& tokenizer, const Batch& batch) {
  constexpr std::size_t kGrain = 64;
  const std::size_t n = batch.size();
  Encoded encoded;
  encoded.ends.resize(n);
  std::vector<std::vector<std::int32_t>> parts((n + kGrain - 1) / kGrain);
  std::vector<std::unique_ptr<Tokenizer::Worker>> workers(ctx.threads());
  core::parallel_for(ctx, n, kGrain, [&](std::size_t begin, std::size_t end, unsigned slot) {
    auto& worker = workers[slot];
    if (!worker) worker = std::make_unique<Tokenizer::Worker>(tokenizer);
    std::vector<std::int32_t>& ids = parts[begin / kGrain];
    ids.reserve((batch.ends[end - 1] - (begin == 0 ? 0 : batch.ends[begin - 1])) / 2 + 16);
    for (std::size_t i = begin; i < end; ++i) {
      if (batch.kinds.empty())
        worker->encode(ctx, batch.text(i), ids);
      else
        worker->encode(ctx, Section{batch.text(i), batch.kinds[i]}, ids);
      encoded.ends[i] = static_cast<std::uint32_t>(ids.size());  // within the part; the parts before are added below
    }
  });
  std::size_t total = 0;
  for (const auto& part : parts) total += part.size();
  if (total > std::numeric_limits<std::uint32_t>::max())
    throw core::Error(core::Code::out_of_memory, "a window of texts has more than 2^32 tokens: give shorter texts");
  encoded.ids.reserve(total);
  for (std::size_t p = 0; p < parts.size(); ++p) {
    const auto before = static_cast<std::uint32_t>(encoded.ids.size());
    for (std::size_t i = p * kGrain; i < std::min(n, (p + 1) * kGrain); ++i) encoded.ends[i] += before;
    encoded.ids.insert(encoded.ids.end(), parts[p].begin(), parts[p].end());
  }
  return encoded;
}

Sections split(core::Context& ctx, const Tokenizer& tokenizer, const Batch& batch) {
  Sections found;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    ctx.check();
    for (const Section& section : tokenizer.split(batch.text(i))) {
      found.ends.push_back(static_cast<std::uint32_t>(section.text.data() + section.text.size() - batch.units));
      found.kinds.push_back(section.kind);
    }
    found.texts.push_back(static_cast<std::uint32_t>(found.ends.size()));
  }
  return found;
}

}  // namespace matomari::unigram
