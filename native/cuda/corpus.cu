#include "cuda/corpus.h"

#include <algorithm>
#include <chrono>

#include "cuda/device.h"
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
std::size_t block_rows(const Session& session, std::size_t rows, std::size_t d, const Corpus::Need& need, bool once) {
  const std::size_t available = session.available() / 16 * 15;  // the pool cannot use it to the last byte
  const std::size_t row = sizeof(float) * d, all = padded_rows(rows), taken = std::min(available, need.fixed + rows * need.row);
  std::size_t most = all;
  if (once)
    most = kPieceBytes / row;
  else if (all * (row + need.block) > available - taken)
    most = std::min((available - taken) / (2 * row + need.block), kMostBlock / row);
  return std::min(all, std::max(kTileRows, rows_at_once(most) / kTileRows * kTileRows));
}

}  // namespace

Corpus::Corpus(const Session& session, const float* host, std::size_t rows, std::size_t d, const Need& need, bool once)
    : session_(session), host_(host), rows_(rows), d_(d), most_(std::min(rows, block_rows(session, rows, d, need, once))),
      count_((rows + most_ - 1) / most_), resident_(count_ == 1) {
  for (std::size_t i = 0; i < (resident_ ? 1u : 2u); ++i) slots_.emplace_back(session, most_ * d);
  if (resident_) return;
  for (cudaEvent_t* event : {&ready_[0], &ready_[1], &free_[0], &free_[1]})
    require(cudaEventCreateWithFlags(event, cudaEventDisableTiming), "an event");
  session.wait();  // the slots are there for every stream
  feeder_ = std::thread([this] { feed(); });
}

Corpus::~Corpus() {
  if (feeder_.joinable()) {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    feeder_.join();
  }
  for (cudaEvent_t event : {ready_[0], ready_[1], free_[0], free_[1]})
    if (event) cudaEventDestroy(event);
}

Corpus::Block Corpus::arrive(std::size_t b) {
  if (resident_) {
    if (!filled_) {
      slots_[0].upload(host_, rows_ * d_);
      session_.wait();
      session_.progress("upload", rows_, rows_);
    }
    filled_ = true;
    return {0, rows_, slots_[0].data()};
  }
  const std::size_t turn = left_;
  for (std::unique_lock lock(mutex_); brought_ <= turn;) {
    if (error_) std::rethrow_exception(error_);
    session_.check();
    changed_.wait_for(lock, std::chrono::milliseconds(5));
  }
  require(cudaStreamWaitEvent(session_.stream(), ready_[turn % 2]), "waiting for rows");
  return {b * most_, std::min(most_, rows_ - b * most_), slots_[turn % 2].data()};
}

void Corpus::leave() {
  if (resident_) return;
  require(cudaEventRecord(free_[left_ % 2], session_.stream()), "giving rows back");
  {
    const std::lock_guard lock(mutex_);
    ++left_;
  }
  changed_.notify_all();
}

void Corpus::feed() noexcept {
  try {
    use_device(session_.device().number);
    Staging staging(session_.device());
    auto go_on = [this] {
      const std::lock_guard lock(mutex_);
      if (stop_) throw core::Error(core::Code::cancelled, "cancelled");
    };
    try {
      for (std::size_t turn = 0;; ++turn) {
        for (std::unique_lock lock(mutex_); turn >= left_ + 2 && !stop_;) changed_.wait(lock);
        go_on();
        if (turn >= 2) require(cudaStreamWaitEvent(session_.copies(), free_[turn % 2]), "waiting for a slot");
        const std::size_t first = turn % count_ * most_;
        staging.copy(session_.copies(), slots_[turn % 2].data(), host_ + first * d_, std::min(most_, rows_ - first) * d_ * sizeof(float),
                     session_.threads(), go_on);
        require(cudaEventRecord(ready_[turn % 2], session_.copies()), "bringing rows");
        {
          const std::lock_guard lock(mutex_);
          brought_ = turn + 1;
        }
        changed_.notify_all();
      }
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
