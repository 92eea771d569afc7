#include "cuda/runtime.h"

#include <chrono>
#include <string>
#include <thread>

namespace matomari::cuda {

void require(cudaError_t status, const char* what, std::size_t bytes) {
  if (status == cudaSuccess) return;
  if (status == cudaErrorMemoryAllocation) {
    std::size_t available = 0, total = 0;
    cudaGetLastError();  // forgets it: the next call must not report it again
    cudaMemGetInfo(&available, &total);
    throw core::Error(core::Code::out_of_memory,
                      std::to_string(bytes >> 20) + " MiB were asked of a CUDA device that has " + std::to_string(available >> 20) +
                          " of " + std::to_string(total >> 20) + " MiB free: use device 'cpu', or free some of it");
  }
  throw core::Error(core::Code::internal, std::string(what) + " failed on the CUDA device: " + cudaGetErrorString(status));
}

Session::Session(int device, const MatomariCudaJob& job) : job_(job) {
  require(cudaSetDevice(device), "choosing a device");
  require(cudaDeviceGetAttribute(&major_, cudaDevAttrComputeCapabilityMajor, device), "asking for its capability");
  require(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "a stream");
  if (const cudaError_t status = cudaEventCreateWithFlags(&event_, cudaEventDisableTiming); status != cudaSuccess) {
    cudaStreamDestroy(stream_);
    require(status, "an event");
  }
}

Session::~Session() {
  cudaStreamSynchronize(stream_);
  cudaEventDestroy(event_);
  cudaStreamDestroy(stream_);
}

void Session::check() const {
  if (job_.cancelled(job_.context)) throw core::Error(core::Code::cancelled, "cancelled");
}

void Session::wait() const {
  require(cudaGetLastError(), "starting a kernel");
  require(cudaEventRecord(event_, stream_), "waiting");
  for (unsigned tries = 0;; ++tries) {
    const cudaError_t status = cudaEventQuery(event_);
    if (status == cudaSuccess) return;
    if (status != cudaErrorNotReady) require(status, "a kernel");
    check();
    if (tries > 200) std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
}

}  // namespace matomari::cuda
