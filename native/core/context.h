#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

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

  // `stage` must be a string literal. Threads may report in any order: within a stage only the furthest counts.
  void progress(const char* stage, std::uint64_t done, std::uint64_t total) noexcept {
    const std::lock_guard lock(mutex_);
    if (quiet_ > 0 || (stage == progress_.stage && done <= progress_.done)) return;
    progress_ = {stage, done, total};
    on_progress(progress_);
  }

  struct Progress {
    const char* stage = "";
    std::uint64_t done = 0, total = 0;
  };
  Progress progress() const noexcept {
    const std::lock_guard lock(mutex_);
    return progress_;
  }

 private:
  friend class Quiet;
  // One call at a time, in the order of the reports.
  virtual void on_progress(const Progress&) noexcept {}

  unsigned threads_;
  std::atomic<bool> cancelled_{false};
  mutable std::mutex mutex_;
  Progress progress_;
  unsigned quiet_ = 0;
};

// While it lives, nothing is reported: for an operation inside another, which tells its own stage.
class Quiet {
 public:
  explicit Quiet(Context& ctx) : ctx_(ctx) { add(1); }
  ~Quiet() { add(-1); }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;

 private:
  void add(int step) noexcept {
    const std::lock_guard lock(ctx_.mutex_);
    ctx_.quiet_ += static_cast<unsigned>(step);
  }

  Context& ctx_;
};

}  // namespace matomari::core
