#include "cuda/feeder.h"

#include <chrono>

#include "cuda/device.h"

namespace matomari::cuda {

Feeder::Feeder(const Session& session, std::size_t turns, Bring bring) : session_(session), turns_(turns), bring_(std::move(bring)) {
  for (cudaEvent_t* event : {&ready_[0], &ready_[1], &free_[0], &free_[1]})
    require(cudaEventCreateWithFlags(event, cudaEventDisableTiming), "an event");
  session.wait();  // the slots are there for every stream
  thread_ = std::thread([this] { feed(); });
}

Feeder::~Feeder() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
  for (cudaEvent_t event : {ready_[0], ready_[1], free_[0], free_[1]}) cudaEventDestroy(event);
}

void Feeder::arrive() {
  for (std::unique_lock lock(mutex_); brought_ <= left_;) {
    if (error_) std::rethrow_exception(error_);
    session_.check();
    changed_.wait_for(lock, std::chrono::milliseconds(5));
  }
  require(cudaStreamWaitEvent(session_.stream(), ready_[left_ % 2]), "waiting for rows");
}

void Feeder::leave() {
  require(cudaEventRecord(free_[left_ % 2], session_.stream()), "giving rows back");
  {
    const std::lock_guard lock(mutex_);
    ++left_;
  }
  changed_.notify_all();
}

void Feeder::feed() noexcept {
  try {
    use_device(session_.device().number);
    Staging staging(session_.device());
    const Put put = [&](void* to, const void* from, std::size_t bytes) {
      staging.copy(session_.copies(), to, from, bytes, session_.threads(), [this] {
        const std::lock_guard lock(mutex_);
        if (stop_) throw core::Error(core::Code::cancelled, "cancelled");
      });
    };
    try {
      for (std::size_t turn = 0; turn < turns_; ++turn) {
        {
          std::unique_lock lock(mutex_);
          changed_.wait(lock, [&] { return turn < left_ + 2 || stop_; });
          if (stop_) break;
        }
        if (turn >= 2) require(cudaStreamWaitEvent(session_.copies(), free_[turn % 2]), "waiting for a slot");
        bring_(turn, put);
        require(cudaEventRecord(ready_[turn % 2], session_.copies()), "bringing rows");
        {
          const std::lock_guard lock(mutex_);
          brought_ = turn + 1;
        }
        changed_.notify_all();
      }
      require(cudaStreamSynchronize(session_.copies()), "bringing rows");  // before the pinned memory is given back
    } catch (...) {
      cudaStreamSynchronize(session_.copies());
      throw;
    }
  } catch (...) {
    const std::lock_guard lock(mutex_);
    error_ = std::current_exception();
  }
  changed_.notify_all();
}

}  // namespace matomari::cuda
