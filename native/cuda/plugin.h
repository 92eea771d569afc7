#pragma once
#include <string>
#include <vector>

#include "cuda/api.h"

// The addon's side of the CUDA plugin: a library beside the addon, opened at run time, so that the addon is the same with
// and without it, and what is missing becomes a sentence.
namespace matomari::cuda {

struct Device {
  std::string name;
  std::uint64_t memory;  // bytes
};

struct Availability {
  std::vector<Device> devices;
  std::string reason;  // why there is none: no plugin, no driver or no device
};

// What was found at the first call.
const Availability& availability();

// The plugin's table. Throws no_device where there is no such device.
const MatomariCudaApi& plugin(int device);

}  // namespace matomari::cuda
