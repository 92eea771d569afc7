#pragma once
#include <cuda_runtime.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "core/error.h"
#include "cuda/api.h"

// The plugin's own side: calls of the CUDA runtime that throw, memory and streams that clean up after themselves.
namespace matomari::cuda {

struct Device;  // what stays between calls (device.h)
struct Lane;
class Staging;

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

// One operation on one device: a stream for kernels and one for copies, memory from the device's pool, and what tells
// whether the operation was cancelled. Used by one thread. Every buffer belongs to a session and is declared after it;
// memory is given back in the stream's order, and the session ends when both streams are done: no kernel outlives what it
// touches.
class Session {
 public:
  Session(int device, const MatomariCudaJob& job);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  cudaStream_t stream() const noexcept;
  cudaStream_t copies() const noexcept;
  bool hopper() const noexcept;          // runs the machine code of sm_90a
  unsigned processors() const noexcept;  // multiprocessors
  Device& device() const noexcept { return device_; }
  unsigned threads() const noexcept { return job_.threads; }

  // Throws `cancelled` when the job was.
  void check() const;
  // Waits for the stream, looking at the job's flag meanwhile; throws what went wrong on the device.
  void wait() const;
  // Call before work is put on the stream: waits where what is there already takes longer than a cancelled job should.
  void pace(double multiply_adds, double bytes = 0) const;
  void progress(const char* stage, std::size_t done, std::size_t total) const noexcept {
    job_.progress(job_.context, stage, done, total);
  }

  // Bytes of device memory that can still be had.
  std::size_t available() const;
  void* allocate(std::size_t bytes) const;
  void release(void* memory) const noexcept;

  // From memory of the host, in the stream's order; returns when it has been read.
  void upload(void* to, const void* from, std::size_t bytes) const;
  // To memory of the host, when everything before is done.
  void download(void* to, const void* from, std::size_t bytes) const;
  // The same of `rows` rows, which lie one after another on the device and `pitch` bytes apart on the host.
  void download(void* to, std::size_t pitch, const void* from, std::size_t row, std::size_t rows) const;

 private:
  const MatomariCudaJob& job_;
  Device& device_;
  Lane* lane_;
  mutable std::unique_ptr<Staging> staging_;
  mutable double queued_ = 0;
};

// `rows`, or what MATOMARI_CUDA_BLOCK_ROWS says where that is less: for tests of what comes in blocks.
std::size_t rows_at_once(std::size_t rows);

// Copies and long kernels go in pieces of about this size, since none of them can be broken off.
inline constexpr std::size_t kPieceBytes = std::size_t{128} << 20;
// Multiply-adds of the tensor cores that take a few milliseconds.
inline constexpr double kPieceWork = 2e12;

// Device memory, uninitialised.
template <class T>
class DeviceBuffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  DeviceBuffer(const Session& session, std::size_t n)
      : session_(&session), data_(n > 0 ? static_cast<T*>(session.allocate(n * sizeof(T))) : nullptr) {}
  DeviceBuffer(DeviceBuffer&& other) noexcept : session_(other.session_), data_(other.data_) { other.data_ = nullptr; }
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
    std::swap(session_, other.session_);
    std::swap(data_, other.data_);
    return *this;
  }
  ~DeviceBuffer() {
    if (data_) session_->release(data_);
  }

  T* data() const noexcept { return data_; }
  // To element `at` and the following.
  void upload(const T* from, std::size_t n, std::size_t at = 0) const { session_->upload(data_ + at, from, n * sizeof(T)); }
  void download(T* to, std::size_t n, std::size_t at = 0) const { session_->download(to, data_ + at, n * sizeof(T)); }
  void copy(const T* from, std::size_t n) const {
    require(cudaMemcpyAsync(data_, from, n * sizeof(T), cudaMemcpyDeviceToDevice, session_->stream()), "copy");
  }
  void fill(unsigned char byte, std::size_t n) const {
    if (n > 0) require(cudaMemsetAsync(data_, byte, n * sizeof(T), session_->stream()), "clear");
  }
  void clear(std::size_t n) const { fill(0, n); }
  // The first element, when everything before is done.
  T fetch() const {
    T value;
    download(&value, 1);
    return value;
  }

 private:
  const Session* session_;
  T* data_;
};

// Blocks of `per` that hold n.
inline unsigned blocks(std::size_t n, std::size_t per) { return static_cast<unsigned>((n + per - 1) / per); }

}  // namespace matomari::cuda
