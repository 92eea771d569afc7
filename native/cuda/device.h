#pragma once
#include <cuda_runtime.h>

#include <cstddef>
#include <mutex>
#include <vector>

// What the plugin keeps of a device between calls: a pool of memory, streams and pinned memory. Safe from every thread.
namespace matomari::cuda {

// Two streams, what tells that one has come so far, and a little pinned memory for answers.
struct Lane {
  cudaStream_t stream = nullptr, copies = nullptr;
  cudaEvent_t event = nullptr;
  void* mailbox = nullptr;
};
inline constexpr std::size_t kMailbox = 4096;

// Pinned memory on the way to the device, in two pieces: one is filled while the other is read.
struct Pinned {
  void* piece[2] = {};
  cudaEvent_t read[2] = {};
};
inline constexpr std::size_t kPinnedPiece = std::size_t{16} << 20;

struct Device {
  int number = 0, major = 0, processors = 0;
  cudaMemPool_t pool = nullptr;
  std::mutex mutex;
  std::vector<Lane*> lanes;    // idle
  std::vector<Pinned*> pinned;

  Lane* take_lane();
  void give(Lane* lane);
  Pinned* take_pinned();
  void give(Pinned* pinned);
};

// Makes it the calling thread's device.
Device& use_device(int number);

// Copies from pageable memory to the device by way of pinned memory.
class Staging {
 public:
  explicit Staging(Device& device) : device_(device), pinned_(device.take_pinned()) {}
  // When the stream it was used with is done.
  ~Staging() { device_.give(pinned_); }
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  // In the stream's order. Returns when `from` has been read; `go_on()`, asked every few milliseconds, may throw.
  template <class GoOn>
  void copy(cudaStream_t stream, void* to, const void* from, std::size_t bytes, unsigned threads, GoOn&& go_on) {
    for (std::size_t at = 0; at < bytes; at += kPinnedPiece) {
      go_on();
      piece(stream, static_cast<char*>(to) + at, static_cast<const char*>(from) + at, bytes - at < kPinnedPiece ? bytes - at : kPinnedPiece,
            threads);
    }
  }

 private:
  void piece(cudaStream_t stream, void* to, const void* from, std::size_t bytes, unsigned threads);

  Device& device_;
  Pinned* pinned_;
  unsigned turn_ = 0;
};

}  // namespace matomari::cuda
