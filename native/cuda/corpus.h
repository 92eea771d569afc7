#pragma once
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "cuda/runtime.h"

namespace matomari::cuda {

// The rows of a matrix of the host, on the device. Where all of them fit they are one block that stays; else blocks take turns
// in two slots, and a thread of its own brings the next by way of pinned memory while kernels work on the last.
class Corpus {
 public:
  // Device memory that goes with the rows, in bytes.
  struct Need {
    std::size_t row = 0;    // for each row, whether it is there or not
    std::size_t block = 0;  // for each row of a block
    std::size_t fixed = 0;
  };
  struct Block {
    std::size_t first, rows;
    const float* points;  // [rows × d]
  };

  // `once`: the rows are wanted one time only, so that none stays.
  Corpus(const Session& session, const float* host, std::size_t rows, std::size_t d, const Need& need, bool once = false);
  ~Corpus();
  Corpus(const Corpus&) = delete;
  Corpus& operator=(const Corpus&) = delete;

  std::size_t rows() const noexcept { return rows_; }
  std::size_t cols() const noexcept { return d_; }
  bool resident() const noexcept { return resident_; }
  std::size_t most() const noexcept { return most_; }  // rows of a block
  std::size_t blocks() const noexcept { return count_; }
  std::size_t number(const Block& block) const noexcept { return block.first / most_; }

  // f(block) for every block in order. What f puts on the session's stream may go on after it has returned.
  template <class F>
  void each(F&& f) {
    for (std::size_t b = 0; b < count_; ++b) {
      session_.check();
      f(arrive(b));
      leave();
    }
  }

  // out [count × d], device memory, = the rows ids [count], device memory.
  void gather(const std::uint32_t* ids, std::size_t count, float* out);

 private:
  Block arrive(std::size_t b);
  void leave();
  void feed() noexcept;

  const Session& session_;
  const float* host_;
  std::size_t rows_, d_, most_, count_;
  bool resident_, filled_ = false;
  std::vector<DeviceBuffer<float>> slots_;
  // Turns count blocks as they are brought: block turn % count_ goes to slot turn % 2.
  cudaEvent_t ready_[2] = {}, free_[2] = {};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t brought_ = 0, left_ = 0;
  bool stop_ = false;
  std::exception_ptr error_;
  std::thread feeder_;
};

}  // namespace matomari::cuda
