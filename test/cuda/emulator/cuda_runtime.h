#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>

// A CUDA device on the CPU: what of the language and the runtime library native/cuda uses. The threads of a block are
// fibers that take turns at barriers; blocks run one after another, and everything a stream is given runs at once. It knows
// no races: whether a kernel needs a barrier it lacks shows only where the order of the fibers, which is turned round from
// launch to launch, changes a result. Memory of the device ends where a page ends, so that reading past it is a fault.
#define __global__
#define __device__
#define __host__
#define __shared__ static
#define __forceinline__ inline
#define __launch_bounds__(...)

struct dim3 {
  unsigned x = 1, y = 1, z = 1;
};
namespace emulator {
inline dim3 thread_index, block_index, block_size, grid_size;

// Runs a kernel's body for every thread of every block.
void run(unsigned grid, unsigned block, std::size_t shared, const std::function<void()>& body);
unsigned char* shared_memory();
// Lets the other fibers run; for loops that wait for something.
void yield();
void sync_block();
void sync_warp();
// The values that the lanes of this thread's warp give; every lane must call it.
template <class T>
const T* exchange(const T& value);
unsigned char* warp_slots(std::size_t bytes);
unsigned lane();
}  // namespace emulator

#define threadIdx emulator::thread_index
#define blockIdx emulator::block_index
#define blockDim emulator::block_size
#define gridDim emulator::grid_size

// T of each lane, valid until the lane calls it again.
template <class T>
const T* emulator::exchange(const T& value) {
  static_assert(sizeof(T) <= 64);
  sync_warp();  // all have read what was there before
  auto* const slots = reinterpret_cast<T*>(warp_slots(sizeof(T)));
  std::memcpy(static_cast<void*>(slots + lane()), &value, sizeof(T));
  sync_warp();
  return slots;
}

inline void __syncthreads() { emulator::sync_block(); }
inline void __syncwarp(unsigned = ~0u) { emulator::sync_warp(); }
template <class T>
T __shfl_xor_sync(unsigned, T value, unsigned mask) {
  return emulator::exchange(value)[emulator::lane() ^ mask];
}
template <class T>
T __shfl_sync(unsigned, T value, unsigned from) {
  return emulator::exchange(value)[from];
}
template <class T, class V>
T atomicAdd(T* at, V value) {
  const T old = *at;
  *at = static_cast<T>(old + static_cast<T>(value));
  return old;
}
template <class T>
T atomicMax(T* at, T value) {
  const T old = *at;
  if (value > old) *at = value;
  return old;
}
template <class T>
T atomicMin(T* at, T value) {
  const T old = *at;
  if (value < old) *at = value;
  return old;
}
inline long long __double_as_longlong(double v) {
  long long bits;
  std::memcpy(&bits, &v, sizeof bits);
  return bits;
}
inline double __longlong_as_double(long long bits) {
  double v;
  std::memcpy(&v, &bits, sizeof v);
  return v;
}
struct uint4 {
  unsigned x, y, z, w;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
template <class T>
T __ldg(const T* p) {
  return *p;
}

enum cudaError_t { cudaSuccess, cudaErrorMemoryAllocation, cudaErrorNotReady, cudaErrorInsufficientDriver, cudaErrorNoDevice };
enum cudaMemcpyKind { cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost, cudaMemcpyDeviceToDevice };
enum cudaDeviceAttr { cudaDevAttrComputeCapabilityMajor, cudaDevAttrMultiProcessorCount };
inline constexpr unsigned cudaEventDisableTiming = 2, cudaStreamNonBlocking = 1;
using cudaStream_t = void*;
using cudaEvent_t = void*;
struct cudaDeviceProp {
  char name[256];
  std::size_t totalGlobalMem;
  int major, minor;
};
namespace emulator {
int capability_of_choice();
inline int capability = capability_of_choice();    // 9, or MATOMARI_EMULATED_CAPABILITY
inline std::size_t memory = std::size_t{4} << 30;  // and its memory
inline std::size_t used = 0;
}  // namespace emulator

inline cudaError_t cudaDriverGetVersion(int* v) { return *v = 13000, cudaSuccess; }
inline cudaError_t cudaRuntimeGetVersion(int* v) { return *v = 13000, cudaSuccess; }
inline cudaError_t cudaGetDeviceCount(int* n) { return *n = 1, cudaSuccess; }
inline cudaError_t cudaSetDevice(int) { return cudaSuccess; }
inline cudaError_t cudaGetDeviceProperties(cudaDeviceProp* p, int) {
  *p = {"emulated", emulator::memory, emulator::capability, 0};
  return cudaSuccess;
}
inline cudaError_t cudaDeviceGetAttribute(int* v, cudaDeviceAttr a, int) {
  return *v = a == cudaDevAttrComputeCapabilityMajor ? emulator::capability : 4, cudaSuccess;
}
inline const char* cudaGetErrorString(cudaError_t e) { return e == cudaErrorMemoryAllocation ? "out of memory" : "an error"; }
inline cudaError_t cudaGetLastError() { return cudaSuccess; }
inline cudaError_t cudaStreamCreateWithFlags(cudaStream_t* s, unsigned) { return *s = nullptr, cudaSuccess; }
inline cudaError_t cudaStreamDestroy(cudaStream_t) { return cudaSuccess; }
inline cudaError_t cudaStreamSynchronize(cudaStream_t) { return cudaSuccess; }
inline cudaError_t cudaEventCreateWithFlags(cudaEvent_t* e, unsigned) { return *e = nullptr, cudaSuccess; }
inline cudaError_t cudaEventDestroy(cudaEvent_t) { return cudaSuccess; }
inline cudaError_t cudaEventRecord(cudaEvent_t, cudaStream_t) { return cudaSuccess; }
inline cudaError_t cudaEventQuery(cudaEvent_t) { return cudaSuccess; }
inline cudaError_t cudaMemGetInfo(std::size_t* available, std::size_t* total) {
  *total = emulator::memory;
  *available = emulator::memory - emulator::used;
  return cudaSuccess;
}
cudaError_t cudaMalloc(void** p, std::size_t bytes);
cudaError_t cudaFree(void* p);
inline cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t n, cudaMemcpyKind, cudaStream_t) {
  if (n > 0) std::memcpy(to, from, n);
  return cudaSuccess;
}
inline cudaError_t cudaMemsetAsync(void* p, int value, std::size_t n, cudaStream_t) {
  std::memset(p, value, n);
  return cudaSuccess;
}
