#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "cuda/feeder.h"

namespace matomari::cuda {

// The rows of a matrix of the host, on the device. Where all of them fit they are one block that stays; else blocks take turns
// in two slots.
class Corpus {
 public:
  // Device memory that goes with the rows, in bytes.
  struct Need {
    std::size_t row = 0;    // for each row, whether it is there or not
    std::size_t block = 0;  // for each row of a block
    std::size_t fixed = 0;
    std::size_t most = SIZE_MAX;  // rows of a block, however many fit
  };
  struct Block {
    std::size_t first, rows;
    const float* points;  // [rows × d]
  };

  Corpus(const Session& session, const float* host, std::size_t rows, std::size_t d, const Need& need);
  Corpus(const Corpus&) = delete;  // the feeder knows where it is
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
      if (feeder_) feeder_->leave();
    }
  }

  // out [count × d], device memory, = the rows ids [count], device memory.
  void gather(const std::uint32_t* ids, std::size_t count, float* out);

 private:
  Block arrive(std::size_t b);

  const Session& session_;
  const float* host_;
  std::size_t rows_, d_, most_, count_;
  bool resident_, filled_ = false;
  std::vector<DeviceBuffer<float>> slots_;
  std::size_t turn_ = 0;
  std::unique_ptr<Feeder> feeder_;  // goes round the blocks for ever
};

}  // namespace matomari::cuda
