#include "core/pool.h"

#include <system_error>
#include <thread>
#if defined(__linux__)
#include <sched.h>
#endif

namespace matomari::core {

Pool& Pool::shared() {
  static Pool* pool = new Pool;
  return *pool;
}

void Pool::post(std::function<void()> task) {
  std::unique_lock lock(mutex_);
  queue_.push_back(std::move(task));
  if (queue_.size() > idle_ && threads_ < kMaxThreads) {
    try {
      std::thread([this] { loop(); }).detach();
      ++threads_;
    } catch (const std::system_error&) {
      // The system gives no more threads: those there are will come to it. Without any, nobody would.
      if (threads_ == 0) {
        queue_.pop_back();
        throw;
      }
    }
  }
  posted_.store(true, std::memory_order_relaxed);
  lock.unlock();
  wake_.notify_one();
}

void Pool::loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    if (queue_.empty()) {
      lock.unlock();
      watch([this] { return posted_.load(std::memory_order_relaxed); });
      lock.lock();
    }
    wake_.wait(lock, [this] { return !queue_.empty(); });
    --idle_;
    std::function<void()> task = std::move(queue_.front());
    queue_.pop_front();
    posted_.store(!queue_.empty(), std::memory_order_relaxed);
    lock.unlock();
    task();
    task = nullptr;
    lock.lock();
  }
}

unsigned processors() noexcept {
#if defined(__linux__)
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return static_cast<unsigned>(CPU_COUNT(&set));
#endif
  const unsigned n = std::thread::hardware_concurrency();
  return n ? n : 1;
}

}  // namespace matomari::core
