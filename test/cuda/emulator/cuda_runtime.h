#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>

// A CUDA device on the CPU: what of the language and the runtime library native/cuda uses. The threads of a block are
// fibers that take turns at barriers; blocks run one after another. What a stream is given runs as late as it may: when
// somebody waits for it. It knows no races: whether a kernel needs a barrier it lacks shows only where the order of the
// fibers, which is turned round from launch to launch, changes a result. Memory of the device ends where a page ends, so that
// reading past it is a fault.
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
unsigned char* warp_slots();  // 64 bytes a lane, another place each time
inline unsigned lane() { return thread_index.x % 32; }
inline unsigned warp_width() { return std::min(32u, block_size.x - thread_index.x / 32 * 32); }  // threads of this warp
}  // namespace emulator

#define threadIdx emulator::thread_index
#define blockIdx emulator::block_index
#define blockDim emulator::block_size
#define gridDim emulator::grid_size

// T of each lane, valid until the lane calls it again: two places take turns, and who waits in one has read the other.
template <class T>
const T* emulator::exchange(const T& value) {
  static_assert(sizeof(T) <= 64);
  auto* const slots = reinterpret_cast<T*>(warp_slots());
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
inline unsigned __ballot_sync(unsigned, int predicate) {
  const int* const all = emulator::exchange(predicate);
  const unsigned count = emulator::warp_width();
  unsigned bits = 0;
  for (unsigned i = 0; i < count; ++i) bits |= static_cast<unsigned>(all[i] != 0) << i;
  return bits;
}
inline int __any_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate) != 0; }
inline int __popc(unsigned bits) { return __builtin_popcount(bits); }
inline int __ffs(int bits) { return __builtin_ffs(bits); }
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
T atomicOr(T* at, T value) {
  const T old = *at;
  *at = old | value;
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

enum cudaError_t { cudaSuccess, cudaErrorMemoryAllocation, cudaErrorNotReady, cudaErrorInsufficientDriver, cudaErrorNoDevice };
enum cudaMemcpyKind { cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost, cudaMemcpyDeviceToDevice };
enum cudaDeviceAttr { cudaDevAttrComputeCapabilityMajor, cudaDevAttrMultiProcessorCount };
inline constexpr unsigned cudaEventDisableTiming = 2, cudaStreamNonBlocking = 1, cudaHostAllocDefault = 0;
namespace emulator {
struct Stream;
struct Event;
int capability_of_choice();
inline int capability = capability_of_choice();    // 9, or MATOMARI_EMULATED_CAPABILITY
inline std::size_t memory = std::size_t{4} << 30;  // and its memory
inline std::size_t used = 0;
// Gives a stream something to do.
void enqueue(Stream* stream, std::function<void()> work);
}  // namespace emulator
using cudaStream_t = emulator::Stream*;
using cudaEvent_t = emulator::Event*;
struct cudaDeviceProp {
  char name[256];
  std::size_t totalGlobalMem;
  int major, minor;
};
enum cudaMemAllocationType { cudaMemAllocationTypePinned = 1 };
enum cudaMemLocationType { cudaMemLocationTypeDevice = 1 };
struct cudaMemPoolProps {
  cudaMemAllocationType allocType;
  struct {
    cudaMemLocationType type;
    int id;
  } location;
};
enum cudaMemPoolAttr { cudaMemPoolAttrReleaseThreshold, cudaMemPoolAttrReservedMemCurrent, cudaMemPoolAttrUsedMemCurrent };
using cudaMemPool_t = void*;

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
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* s, unsigned);
cudaError_t cudaStreamSynchronize(cudaStream_t s);
cudaError_t cudaStreamWaitEvent(cudaStream_t s, cudaEvent_t e, unsigned = 0);
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* e, unsigned);
cudaError_t cudaEventDestroy(cudaEvent_t e);
cudaError_t cudaEventRecord(cudaEvent_t e, cudaStream_t s);
cudaError_t cudaEventQuery(cudaEvent_t e);
cudaError_t cudaEventSynchronize(cudaEvent_t e);
cudaError_t cudaMemGetInfo(std::size_t* available, std::size_t* total);
inline cudaError_t cudaMemPoolCreate(cudaMemPool_t* pool, const cudaMemPoolProps*) { return *pool = nullptr, cudaSuccess; }
inline cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t, cudaMemPoolAttr, void*) { return cudaSuccess; }
cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t, cudaMemPoolAttr, void* value);
inline cudaError_t cudaMemPoolTrimTo(cudaMemPool_t, std::size_t) { return cudaSuccess; }
cudaError_t cudaMallocFromPoolAsync(void** p, std::size_t bytes, cudaMemPool_t, cudaStream_t);
template <class T>
cudaError_t cudaMallocFromPoolAsync(T** p, std::size_t bytes, cudaMemPool_t pool, cudaStream_t s) {
  return cudaMallocFromPoolAsync(reinterpret_cast<void**>(p), bytes, pool, s);
}
cudaError_t cudaFreeAsync(void* p, cudaStream_t s);
cudaError_t cudaHostAlloc(void** p, std::size_t bytes, unsigned);
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t n, cudaMemcpyKind kind, cudaStream_t s);
inline cudaError_t cudaMemcpy2DAsync(void* to, std::size_t to_pitch, const void* from, std::size_t from_pitch, std::size_t width, std::size_t height,
                                     cudaMemcpyKind kind, cudaStream_t s) {
  for (std::size_t i = 0; i < height; ++i)
    cudaMemcpyAsync(static_cast<char*>(to) + i * to_pitch, static_cast<const char*>(from) + i * from_pitch, width, kind, s);
  return cudaSuccess;
}
cudaError_t cudaMemsetAsync(void* p, int value, std::size_t n, cudaStream_t s);
