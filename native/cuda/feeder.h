#pragma once
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

#include "cuda/runtime.h"

namespace matomari::cuda {

// Brings blocks of the host's memory to the device in turns: turn t goes to slot t % 2, by way of pinned memory and on a
// thread of its own, while kernels work on the turn before. Used by the session's thread.
class Feeder {
 public:
  // Copies bytes to the device; throws when the feeder is stopped.
  using Put = std::function<void(void* to, const void* from, std::size_t bytes)>;
  // Puts what belongs to a turn into its slot. Runs on the feeder's thread.
  using Bring = std::function<void(std::size_t turn, const Put& put)>;

  // Allocate the slots before. turns: after so many it brings no more.
  Feeder(const Session& session, std::size_t turns, Bring bring);
  ~Feeder();
  Feeder(const Feeder&) = delete;
  Feeder& operator=(const Feeder&) = delete;

  // What is put on the session's stream from now on finds the next turn in its slot. Throws what went wrong on the way.
  void arrive();
  // The slot falls free when what is on the stream is done.
  void leave();

 private:
  void feed() noexcept;

  const Session& session_;
  std::size_t turns_;
  Bring bring_;
  cudaEvent_t ready_[2] = {}, free_[2] = {};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t brought_ = 0, left_ = 0;
  bool stop_ = false;
  std::exception_ptr error_;
  std::thread thread_;
};

}  // namespace matomari::cuda
