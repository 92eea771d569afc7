#include "cuda/device.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <thread>

#include "cuda/runtime.h"

namespace matomari::cuda {

namespace {

template <class T>
T* take(std::vector<T*>& idle) {
  if (idle.empty()) return nullptr;
  T* const last = idle.back();
  idle.pop_back();
  return last;
}

std::unique_ptr<Device> open(int number) {
  auto device = std::make_unique<Device>();
  device->number = number;
  require(cudaDeviceGetAttribute(&device->major, cudaDevAttrComputeCapabilityMajor, number), "asking for its capability");
  require(cudaDeviceGetAttribute(&device->processors, cudaDevAttrMultiProcessorCount, number), "asking for its processors");
  cudaMemPoolProps properties{};
  properties.allocType = cudaMemAllocationTypePinned;
  properties.location.type = cudaMemLocationTypeDevice;
  properties.location.id = number;
  require(cudaMemPoolCreate(&device->pool, &properties), "a pool of memory");
  // A quarter of the memory stays with the pool when a call is over; what is above goes back.
  std::size_t available = 0, total = 0;
  require(cudaMemGetInfo(&available, &total), "asking for its memory");
  std::uint64_t keep = total / 4;
  require(cudaMemPoolSetAttribute(device->pool, cudaMemPoolAttrReleaseThreshold, &keep), "a pool of memory");
  return device;
}

// A processor alone copies at a fraction of what the bus takes.
void copy_on_threads(void* to, const void* from, std::size_t bytes, unsigned threads) {
  constexpr std::size_t least = std::size_t{4} << 20;
  const std::size_t parts = std::clamp<std::size_t>(std::min<std::size_t>(threads, bytes / least), 1, 4);
  auto part = [&](std::size_t i) {
    const std::size_t begin = bytes / parts * i, end = i + 1 == parts ? bytes : bytes / parts * (i + 1);
    std::memcpy(static_cast<char*>(to) + begin, static_cast<const char*>(from) + begin, end - begin);
  };
  std::vector<std::jthread> helpers;
  for (std::size_t i = 1; i < parts; ++i) helpers.emplace_back(part, i);
  part(0);
}

}  // namespace

Device& use_device(int number) {
  static std::mutex mutex;
  static std::map<int, std::unique_ptr<Device>>* const all = new std::map<int, std::unique_ptr<Device>>;  // outlives the driver's own end
  require(cudaSetDevice(number), "choosing a device");
  const std::lock_guard lock(mutex);
  std::unique_ptr<Device>& device = (*all)[number];
  if (!device) device = open(number);
  return *device;
}

Lane* Device::take_lane() {
  {
    const std::lock_guard lock(mutex);
    if (Lane* const idle = take(lanes)) return idle;
  }
  auto lane = std::make_unique<Lane>();
  // What was made when the next fails is lost, with the device most likely.
  require(cudaStreamCreateWithFlags(&lane->stream, cudaStreamNonBlocking), "a stream");
  require(cudaStreamCreateWithFlags(&lane->copies, cudaStreamNonBlocking), "a stream");
  require(cudaEventCreateWithFlags(&lane->event, cudaEventDisableTiming), "an event");
  require(cudaHostAlloc(&lane->mailbox, kMailbox, cudaHostAllocDefault), "pinned memory", kMailbox);
  return lane.release();
}

void Device::give(Lane* lane) {
  const std::lock_guard lock(mutex);
  lanes.push_back(lane);
}

Pinned* Device::take_pinned() {
  {
    const std::lock_guard lock(mutex);
    if (Pinned* const idle = take(pinned)) return idle;
  }
  auto made = std::make_unique<Pinned>();
  for (unsigned i = 0; i < 2; ++i) {
    require(cudaHostAlloc(&made->piece[i], kPinnedPiece, cudaHostAllocDefault), "pinned memory", kPinnedPiece);
    require(cudaEventCreateWithFlags(&made->read[i], cudaEventDisableTiming), "an event");
  }
  return made.release();
}

void Device::give(Pinned* back) {
  const std::lock_guard lock(mutex);
  pinned.push_back(back);
}

void Staging::piece(cudaStream_t stream, void* to, const void* from, std::size_t bytes, unsigned threads) {
  const unsigned i = turn_++ % 2;
  require(cudaEventSynchronize(pinned_->read[i]), "waiting for a copy");
  copy_on_threads(pinned_->piece[i], from, bytes, threads);
  require(cudaMemcpyAsync(to, pinned_->piece[i], bytes, cudaMemcpyHostToDevice, stream), "upload");
  require(cudaEventRecord(pinned_->read[i], stream), "upload");
}

}  // namespace matomari::cuda
