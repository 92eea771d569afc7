#pragma once
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <thread>

#include "core/context.h"
#include "core/parallel.h"

namespace matomari::core {

namespace detail {
// Waits for something that is about to happen: a little by itself, then giving way, at last asleep.
class Patience {
 public:
  void wait() {
    ++waited_;
    if (waited_ > 512)
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    else if (waited_ > 256)
      std::this_thread::yield();
  }

 private:
  unsigned waited_ = 0;
};
}  // namespace detail

// For many short rounds one after another, where parallel_for would spend more on waking threads than on the work.
// Calls body(round, begin, end, slot) for ranges of at most `grain` out of [0, size(round)), on up to ctx.threads()
// threads, and after(round) on the caller's thread when all of a round is done, before the next begins. Which thread
// gets which range is left open. The body may not throw; it should return early when ctx.cancelled(). Throws when
// cancelled.
template <class Size, class Body, class After>
void parallel_rounds(Context& ctx, std::uint32_t rounds, std::size_t grain, Size&& size, Body&& body, After&& after) {
  constexpr std::uint32_t over = std::numeric_limits<std::uint32_t>::max();
  auto ranges = [&](std::uint32_t round) { return (size(round) + grain - 1) / grain; };
  std::size_t most = 0;
  for (std::uint32_t round = 0; round < std::min<std::uint32_t>(rounds, 2); ++round) most = std::max(most, ranges(round));
  std::atomic<std::uint64_t> next{over};  // the round, and below 2^32 its next range: none before the first begins
  std::atomic<std::size_t> done{0};
  // Takes one range of the round that is on; false when none is left.
  auto take = [&](unsigned slot) {
    std::uint64_t at = next.load(std::memory_order_acquire);
    if (at >> 32 == over || (at & over) >= ranges(static_cast<std::uint32_t>(at >> 32))) return false;
    at = next.fetch_add(1, std::memory_order_acq_rel);
    const auto round = static_cast<std::uint32_t>(at >> 32);
    const auto range = static_cast<std::size_t>(at & over);
    if (round == over || range >= ranges(round)) return false;
    if (!ctx.cancelled()) body(round, range * grain, std::min(size(round), (range + 1) * grain), slot);
    done.fetch_add(1, std::memory_order_acq_rel);
    return true;
  };
  run_on_threads(ctx, most, [&](unsigned slot) {
    if (slot != 0) {
      for (detail::Patience patience; next.load(std::memory_order_acquire) >> 32 != over;)
        if (take(slot))
          patience = {};
        else
          patience.wait();
      return;
    }
    for (std::uint32_t round = 0; round < rounds && !ctx.cancelled(); ++round) {
      done.store(0, std::memory_order_relaxed);
      next.store(std::uint64_t{round} << 32, std::memory_order_release);
      while (take(slot)) {
      }
      for (detail::Patience patience; done.load(std::memory_order_acquire) != ranges(round);) patience.wait();
      after(round);
    }
    next.store(std::uint64_t{over} << 32, std::memory_order_release);
  });
  ctx.check();
}

}  // namespace matomari::core
