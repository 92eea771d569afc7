#pragma once
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <utility>

#include "core/context.h"
#include "core/pool.h"

namespace matomari::core {

namespace detail {
// Shared by the caller and its helpers. A helper that starts after the work has run out finds the door closed and
// touches nothing of the caller's.
struct Crew {
  std::mutex mutex;
  std::condition_variable left;
  std::atomic<unsigned> working{0};
  bool closed = false;
  std::exception_ptr error;
};
}  // namespace detail

// Calls body(slot) on up to ctx.threads() threads at once, the caller's own among them as slot 0, and returns when all
// have returned. The body must share out its work by itself. The first exception is thrown on the caller's thread.
template <class Body>
void run_on_threads(Context& ctx, std::size_t most, Body&& body) {
  const unsigned threads = static_cast<unsigned>(std::min<std::size_t>(ctx.threads(), most ? most : 1));
  auto crew = std::make_shared<detail::Crew>();
  auto guarded = [&body, crew](unsigned slot) {
    try {
      body(slot);
    } catch (...) {
      std::lock_guard lock(crew->mutex);
      if (!crew->error) crew->error = std::current_exception();
    }
  };
  try {
    for (unsigned slot = 1; slot < threads; ++slot)
      Pool::shared().post([crew, slot, &guarded] {
        {
          std::lock_guard lock(crew->mutex);
          if (crew->closed) return;
          ++crew->working;
        }
        guarded(slot);
        std::lock_guard lock(crew->mutex);
        if (--crew->working == 0) crew->left.notify_one();
      });
  } catch (const std::exception&) {
    // No memory or no thread for another helper: those there are will do. This frame must not go while they run.
  }
  guarded(0);
  std::unique_lock lock(crew->mutex);
  crew->closed = true;
  if (crew->working != 0) {
    lock.unlock();
    watch([&] { return crew->working.load(std::memory_order_relaxed) == 0; });
    lock.lock();
  }
  crew->left.wait(lock, [&] { return crew->working == 0; });
  // Taken out of the crew: a late helper must not be the one to free what the caller still reads.
  if (const std::exception_ptr error = std::exchange(crew->error, nullptr)) std::rethrow_exception(error);
}

// Calls body(begin, end, slot) for consecutive ranges of at most `grain` out of [0, n). Which thread gets which range
// is left open: the body must give the same result whoever runs it. Checks for cancellation before each range.
template <class Body>
void parallel_for(Context& ctx, std::size_t n, std::size_t grain, Body&& body) {
  if (n == 0) return;
  if (grain == 0) grain = 1;
  std::atomic<std::size_t> next{0};
  const std::size_t ranges = (n + grain - 1) / grain;
  run_on_threads(ctx, ranges, [&](unsigned slot) {
    for (;;) {
      const std::size_t r = next.fetch_add(1, std::memory_order_relaxed);
      if (r >= ranges) return;
      if (ctx.cancelled()) {
        next.store(ranges, std::memory_order_relaxed);
        ctx.check();
      }
      const std::size_t begin = r * grain;
      body(begin, std::min(n, begin + grain), slot);
    }
  });
  ctx.check();
}

}  // namespace matomari::core
