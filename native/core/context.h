#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/error.h"

namespace matomari::core {

// What a running operation knows of the outside: how many threads it may use, whether it was cancelled, and whom to
// tell how far it has come. Safe to use from every thread of the operation.
class Context {
 public:
  explicit Context(unsigned threads) : threads_(threads ? threads : 1) {}
  virtual ~Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  unsigned threads() const noexcept { return threads_; }
  void cancel() noexcept { cancelled_.store(true, std::memory_order_relaxed); }
  bool cancelled() const noexcept { return cancelled_.load(std::memory_order_relaxed); }

  // Call at least every few milliseconds of work.
  void check() const {
    if (cancelled()) throw Error(Code::cancelled, "cancelled");
  }

  // `stage` must be a string literal.
  void progress(const char* stage, std::uint64_t done, std::uint64_t total) noexcept {
    stage_.store(stage, std::memory_order_relaxed);
    done_.store(done, std::memory_order_relaxed);
    total_.store(total, std::memory_order_relaxed);
    on_progress();
  }
  const char* stage() const noexcept { return stage_.load(std::memory_order_relaxed); }
  std::uint64_t done() const noexcept { return done_.load(std::memory_order_relaxed); }
  std::uint64_t total() const noexcept { return total_.load(std::memory_order_relaxed); }

 private:
  virtual void on_progress() noexcept {}

  unsigned threads_;
  std::atomic<bool> cancelled_{false};
  std::atomic<const char*> stage_{""};
  std::atomic<std::uint64_t> done_{0}, total_{0};
};

}  // namespace matomari::core
