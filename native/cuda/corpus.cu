#include "cuda/corpus.h"

#include <algorithm>

#include "cuda/instructions.h"
#include "cuda/packed.h"

namespace matomari::cuda {

namespace {

constexpr unsigned kThreads = 128;
constexpr std::size_t kMostBlock = std::size_t{512} << 20;  // bytes

__global__ void gather_kernel(const float* points, const std::uint32_t* ids, std::size_t d, std::size_t strips, float* out) {
  const std::size_t i = blockIdx.x / strips, l = blockIdx.x % strips * kThreads + threadIdx.x;
  if (l < d) out[i * d + l] = points[std::size_t{ids[i]} * d + l];
}

// Whole tiles of rows.
std::size_t block_rows(const Session& session, std::size_t rows, std::size_t d, const Corpus::Need& need) {
  const std::size_t available = session.available() / 16 * 15;  // the pool cannot use it to the last byte
  const std::size_t row = sizeof(float) * d, all = padded_rows(rows), taken = std::min(available, need.fixed + rows * need.row);
  std::size_t most = std::min(all, need.most);
  if (most < all || all * (row + need.block) > available - taken)
    most = std::min({most, (available - taken) / (2 * row + need.block), kMostBlock / row});
  return std::min(all, std::max(kTileRows, rows_at_once(most) / kTileRows * kTileRows));
}

}  // namespace

Corpus::Corpus(const Session& session, const float* host, std::size_t rows, std::size_t d, const Need& need)
    : session_(session), host_(host), rows_(rows), d_(d), most_(std::min(rows, block_rows(session, rows, d, need))),
      count_((rows + most_ - 1) / most_), resident_(count_ == 1) {
  for (std::size_t i = 0; i < (resident_ ? 1u : 2u); ++i) slots_.emplace_back(session, most_ * d);
  if (resident_) return;
  feeder_ = std::make_unique<Feeder>(session, SIZE_MAX, [this](std::size_t turn, const Feeder::Put& put) {
    const std::size_t first = turn % count_ * most_;
    put(slots_[turn % 2].data(), host_ + first * d_, std::min(most_, rows_ - first) * d_ * sizeof(float));
  });
}

Corpus::Block Corpus::arrive(std::size_t b) {
  if (!resident_) {
    feeder_->arrive();
    return {b * most_, std::min(most_, rows_ - b * most_), slots_[turn_++ % 2].data()};
  }
  if (!filled_) {
    slots_[0].upload(host_, rows_ * d_);
    session_.wait();
    session_.progress("upload", rows_, rows_);
  }
  filled_ = true;
  return {0, rows_, slots_[0].data()};
}

void Corpus::gather(const std::uint32_t* ids, std::size_t count, float* out) {
  if (resident_) {
    const unsigned strips = cuda::blocks(d_, kThreads);
    launch(session_.stream(), static_cast<unsigned>(count * strips), kThreads, 0, gather_kernel, static_cast<const float*>(slots_[0].data()),
           ids, d_, std::size_t{strips}, out);
    return;
  }
  std::vector<std::uint32_t> wanted(count);
  session_.download(wanted.data(), ids, count * sizeof(std::uint32_t));
  std::vector<float> found(count * d_);
  for (std::size_t i = 0; i < count; ++i) std::copy_n(host_ + wanted[i] * d_, d_, found.data() + i * d_);
  session_.upload(out, found.data(), found.size() * sizeof(float));
}

}  // namespace matomari::cuda
