#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/buffer.h"
#include "core/philox.h"
#include "kmeans/seeding.h"

namespace matomari {

// Rows drawn in proportion to whole-number weights: sums of blocks first, then within the block.
class Lottery {
 public:
  explicit Lottery(std::size_t rows) : tickets_(rows, 0), blocks_((rows + kBlock - 1) / kBlock, 0) {}

  std::int64_t* tickets() noexcept { return tickets_.data(); }
  std::int64_t ticket(std::size_t row) const noexcept { return tickets_[row]; }
  void change(std::size_t row, std::int64_t to) noexcept {
    blocks_[row / kBlock] += to - tickets_[row];
    tickets_[row] = to;
  }
  // After tickets were written in place.
  void recount() noexcept {
    std::fill(blocks_.begin(), blocks_.end(), 0);
    for (std::size_t i = 0; i < tickets_.size(); ++i) blocks_[i / kBlock] += tickets_[i];
  }
  std::int64_t total() const noexcept {
    std::int64_t sum = 0;
    for (const std::int64_t b : blocks_) sum += b;
    return sum;
  }
  // The row that owns ticket number `number`, which must be below total(). Never leaves the table, even where the caller
  // has written to the points meanwhile and nothing adds up.
  std::size_t row_of(std::int64_t number) const noexcept {
    std::size_t b = 0;
    while (b + 1 < blocks_.size() && number >= blocks_[b]) number -= blocks_[b++];
    std::size_t i = b * kBlock;
    const std::size_t last = std::min(tickets_.size(), i + kBlock) - 1;
    while (i < last && number >= tickets_[i]) number -= tickets_[i++];
    return i;
  }

 private:
  static constexpr std::size_t kBlock = 512;
  core::Buffer<std::int64_t> tickets_, blocks_;
};

// Tickets in proportion to the weights of the rows.
Lottery weight_lottery(const KMeansData& data);
// A ticket number below `total`.
std::int64_t draw(std::int64_t total, std::uint64_t seed, core::Stream stream, std::uint32_t run, std::size_t step, std::size_t index);

}  // namespace matomari
