#pragma once
#include <cuda_runtime.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <new>
#include <utility>

#include "core/error.h"
#include "cuda/api.h"

// The plugin's own side: calls of the CUDA runtime that throw, memory and streams that clean up after themselves.
namespace matomari::cuda {

// Throws core::Error: out_of_memory says how much was asked for and how much is free; anything else is internal.
void require(cudaError_t status, const char* what, std::size_t bytes = 0);

// Runs the body; an exception becomes the error.
template <class Body>
int guarded(MatomariCudaError* error, Body&& body) {
  try {
    body();
    return 0;
  } catch (const core::Error& e) {
    error->code = static_cast<int>(e.code());
    std::snprintf(error->message, sizeof error->message, "%s", e.what());
  } catch (const std::bad_alloc&) {
    error->code = static_cast<int>(core::Code::out_of_memory);
    std::snprintf(error->message, sizeof error->message, "scratch memory could not be allocated");
  } catch (const std::exception& e) {
    error->code = static_cast<int>(core::Code::internal);
    std::snprintf(error->message, sizeof error->message, "%s", e.what());
  }
  return 1;
}

// A stream of one device, and what tells whether the operation was cancelled. Every buffer belongs to a session and is
// declared after it, and frees itself when the stream is done: no kernel outlives what it touches.
class Session {
 public:
  Session(int device, const MatomariCudaJob& job);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  cudaStream_t stream() const noexcept { return stream_; }
  bool hopper() const noexcept { return major_ == 9; }  // runs the machine code of sm_90a

  // Throws `cancelled` when the job was.
  void check() const;
  // Waits for the stream, looking at the job's flag meanwhile; throws what went wrong on the device.
  void wait() const;
  void progress(const char* stage, std::size_t done, std::size_t total) const noexcept {
    job_.progress(job_.context, stage, done, total);
  }

 private:
  const MatomariCudaJob& job_;
  cudaStream_t stream_ = nullptr;
  cudaEvent_t event_ = nullptr;
  int major_ = 0;
};

// Copies and long kernels go in pieces of about this size, since none of them can be broken off.
inline constexpr std::size_t kPieceBytes = std::size_t{128} << 20;

// Device memory, uninitialised.
template <class T>
class DeviceBuffer {
 public:
  DeviceBuffer(const Session& session, std::size_t n) : session_(session) {
    void* memory = nullptr;
    if (n > 0) require(cudaMalloc(&memory, n * sizeof(T)), "device memory", n * sizeof(T));
    data_ = static_cast<T*>(memory);
  }
  DeviceBuffer(const DeviceBuffer&) = delete;
  DeviceBuffer& operator=(const DeviceBuffer&) = delete;
  ~DeviceBuffer() {
    if (!data_) return;
    cudaStreamSynchronize(session_.stream());
    cudaFree(data_);
  }

  T* data() const noexcept { return data_; }
  // To element `at` and the following.
  void upload(const T* from, std::size_t n, std::size_t at = 0) const {
    require(cudaMemcpyAsync(data_ + at, from, n * sizeof(T), cudaMemcpyHostToDevice, session_.stream()), "upload");
  }
  void download(T* to, std::size_t n) const {
    require(cudaMemcpyAsync(to, data_, n * sizeof(T), cudaMemcpyDeviceToHost, session_.stream()), "download");
  }
  void clear(std::size_t n) const {
    if (n > 0) require(cudaMemsetAsync(data_, 0, n * sizeof(T), session_.stream()), "clear");
  }
  // The first element, when everything before is done.
  T fetch() const {
    T value;
    download(&value, 1);
    session_.wait();
    return value;
  }

 private:
  const Session& session_;
  T* data_ = nullptr;
};

// A long array to the device, in pieces that can be broken off between.
template <class T>
void upload(const Session& session, const DeviceBuffer<T>& to, const T* from, std::size_t n) {
  constexpr std::size_t piece = kPieceBytes / sizeof(T);
  for (std::size_t at = 0; at < n; at += piece) {
    session.check();
    to.upload(from + at, std::min(piece, n - at), at);
    session.wait();
  }
}

// Blocks of `per` that hold n.
inline unsigned blocks(std::size_t n, std::size_t per) { return static_cast<unsigned>((n + per - 1) / per); }

}  // namespace matomari::cuda
