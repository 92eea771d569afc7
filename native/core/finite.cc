#include "core/finite.h"

#include <atomic>
#include <bit>
#include <cmath>
#include <cstdint>
#include <string>

#include "core/parallel.h"

namespace matomari::core {

namespace {

// All exponent bits set means infinity or NaN. Written so that the compiler can take many at once.
bool any_not_finite(const float* v, std::size_t n) noexcept {
  std::uint32_t found = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(v[i]) & 0x7FFFFFFF;
    found |= static_cast<std::uint32_t>(bits >= 0x7F800000);
  }
  return found != 0;
}

}  // namespace

void require_finite(Context& ctx, ConstMatrix m, const char* name) {
  const std::size_t n = m.size();
  std::atomic<std::size_t> first{n};
  parallel_for(ctx, n, std::size_t{1} << 18, [&](std::size_t begin, std::size_t end, unsigned) {
    if (!any_not_finite(m.data + begin, end - begin)) return;
    std::size_t i = begin;
    while (std::isfinite(m.data[i])) ++i;
    for (std::size_t seen = first.load(); i < seen && !first.compare_exchange_weak(seen, i);) {
    }
  });
  const std::size_t i = first.load();
  if (i == n) return;
  const float v = m.data[i];
  throw Error(Code::bad_input, std::string(name) + " holds " + (std::isnan(v) ? "NaN" : v > 0 ? "Infinity" : "-Infinity") +
                                   " at row " + std::to_string(i / m.cols) + ", column " + std::to_string(i % m.cols) +
                                   ": remove the row or replace the value");
}

}  // namespace matomari::core
