#include "cuda/runtime.h"

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <thread>

#include "cuda/device.h"

namespace matomari::cuda {

namespace {

std::string mebibytes(std::size_t bytes) { return std::to_string((bytes + (std::size_t{1} << 20) - 1) >> 20) + " MiB"; }

// What MATOMARI_CUDA_MEMORY allows the plugin, in bytes; all of the device's where it says nothing.
std::size_t allowed() {
  const char* const text = std::getenv("MATOMARI_CUDA_MEMORY");
  const unsigned long long mib = text ? std::strtoull(text, nullptr, 10) : 0;
  return mib > 0 && mib < SIZE_MAX >> 20 ? static_cast<std::size_t>(mib) << 20 : SIZE_MAX;
}

struct Pool {
  std::size_t reserved, used;
};
Pool pool_of(const Device& device) {
  std::uint64_t reserved = 0, used = 0;
  require(cudaMemPoolGetAttribute(device.pool, cudaMemPoolAttrReservedMemCurrent, &reserved), "asking for memory");
  require(cudaMemPoolGetAttribute(device.pool, cudaMemPoolAttrUsedMemCurrent, &used), "asking for memory");
  return {static_cast<std::size_t>(reserved), static_cast<std::size_t>(used)};
}

}  // namespace

void require(cudaError_t status, const char* what, std::size_t bytes) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // forgets it: the next call must not report it again
  if (status == cudaErrorMemoryAllocation) {
    std::size_t available = 0, total = 0;
    cudaMemGetInfo(&available, &total);
    throw core::Error(core::Code::out_of_memory, mebibytes(bytes) + " were asked of a CUDA device that has " +
                                                     std::to_string(available >> 20) + " of " + mebibytes(total) +
                                                     " free: use device 'cpu', or free some of it");
  }
  throw core::Error(core::Code::internal, std::string(what) + " failed on the CUDA device: " + cudaGetErrorString(status));
}

std::size_t rows_at_once(std::size_t rows) {
  const char* const text = std::getenv("MATOMARI_CUDA_BLOCK_ROWS");
  return text ? std::min<std::size_t>(rows, std::max(1ull, std::strtoull(text, nullptr, 10))) : rows;
}

Session::Session(int device, const MatomariCudaJob& job) : job_(job), device_(use_device(device)), lane_(device_.take_lane()) {}

Session::~Session() {
  cudaStreamSynchronize(lane_->copies);
  cudaStreamSynchronize(lane_->stream);
  device_.give(lane_);
}

cudaStream_t Session::stream() const noexcept { return lane_->stream; }
cudaStream_t Session::copies() const noexcept { return lane_->copies; }
bool Session::hopper() const noexcept { return device_.major == 9; }
unsigned Session::processors() const noexcept { return static_cast<unsigned>(device_.processors); }

void Session::check() const {
  if (job_.cancelled(job_.context)) throw core::Error(core::Code::cancelled, "cancelled");
}

void Session::wait() const {
  require(cudaGetLastError(), "starting a kernel");
  require(cudaEventRecord(lane_->event, lane_->stream), "waiting");
  queued_ = 0;
  for (unsigned tries = 0;; ++tries) {
    const cudaError_t status = cudaEventQuery(lane_->event);
    if (status == cudaSuccess) return;
    if (status != cudaErrorNotReady) require(status, "a kernel");
    check();
    if (tries > 200) std::this_thread::sleep_for(std::chrono::microseconds(20));
  }
}

void Session::pace(double multiply_adds, double bytes) const {
  // A byte of memory takes about as long as a hundred multiply-adds of the tensor cores.
  queued_ += multiply_adds + 100 * bytes;
  if (queued_ > 2 * kPieceWork) wait();
  check();
}

std::size_t Session::available() const {
  std::size_t available = 0, total = 0;
  require(cudaMemGetInfo(&available, &total), "asking for memory");
  const Pool pool = pool_of(device_);
  available += pool.reserved - std::min(pool.reserved, pool.used);
  const std::size_t most = allowed();
  return std::min(available, most - std::min(most, pool.used));
}

void* Session::allocate(std::size_t bytes) const {
  if (const std::size_t most = allowed(); most != SIZE_MAX && bytes > available())
    throw core::Error(core::Code::out_of_memory, mebibytes(bytes) + " were asked of a CUDA device that has " +
                                                     std::to_string(available() >> 20) + " MiB free of the " + mebibytes(most) +
                                                     " that MATOMARI_CUDA_MEMORY allows: raise it, or use device 'cpu'");
  void* memory = nullptr;
  cudaError_t status = cudaMallocFromPoolAsync(&memory, bytes, device_.pool, lane_->stream);
  if (status == cudaErrorMemoryAllocation) {
    // What other operations have given back, and the pool keeps in pieces of the wrong size.
    cudaGetLastError();
    wait();
    cudaMemPoolTrimTo(device_.pool, 0);
    status = cudaMallocFromPoolAsync(&memory, bytes, device_.pool, lane_->stream);
  }
  require(status, "device memory", bytes);
  return memory;
}

void Session::release(void* memory) const noexcept { cudaFreeAsync(memory, lane_->stream); }

void Session::upload(void* to, const void* from, std::size_t bytes) const {
  if (bytes == 0) return;
  if (bytes <= kMailbox) {  // the driver keeps a copy of so little
    require(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, lane_->stream), "upload");
    return;
  }
  if (!staging_) staging_ = std::make_unique<Staging>(device_);
  staging_->copy(lane_->stream, to, from, bytes, job_.threads, [&] { check(); });
}

void Session::download(void* to, const void* from, std::size_t bytes) const {
  if (bytes == 0) return;
  if (bytes <= kMailbox) {
    require(cudaMemcpyAsync(lane_->mailbox, from, bytes, cudaMemcpyDeviceToHost, lane_->stream), "download");
    wait();
    std::memcpy(to, lane_->mailbox, bytes);
    return;
  }
  // A long row is many short ones.
  const std::size_t whole = bytes / kPieceBytes * kPieceBytes;
  download(to, kPieceBytes, from, kPieceBytes, whole / kPieceBytes);
  download(static_cast<char*>(to) + whole, bytes - whole, static_cast<const char*>(from) + whole, bytes - whole, 1);
}

void Session::download(void* to, std::size_t pitch, const void* from, std::size_t row, std::size_t rows) const {
  if (row == 0) return;
  // To pageable memory a copy returns when it is done: not to be waited for while there are kernels before it.
  const std::size_t some = pitch >> 31 != 0 ? 1 : std::max<std::size_t>(1, kPieceBytes / row);  // the runtime takes no longer pitch
  for (std::size_t at = 0; at < rows; at += some) {
    wait();
    require(cudaMemcpy2DAsync(static_cast<char*>(to) + at * pitch, some == 1 ? row : pitch, static_cast<const char*>(from) + at * row, row, row,
                              std::min(some, rows - at), cudaMemcpyDeviceToHost, lane_->stream), "download");
  }
  wait();
}

}  // namespace matomari::cuda
