#include "cuda/plugin.h"

#ifdef __unix__
#include <dlfcn.h>
#endif

#include "core/error.h"

namespace matomari::cuda {

namespace {

struct Opened {
  const MatomariCudaApi* api = nullptr;
  Availability availability;
};

// The table, or null and the reason.
const MatomariCudaApi* open(std::string& reason) {
#ifdef __unix__
  Dl_info self;
  if (dladdr(reinterpret_cast<const void*>(&availability), &self) == 0 || !self.dli_fname) {
    reason = "the folder of the addon could not be found";
    return nullptr;
  }
  const std::string path(self.dli_fname);
  const std::string folder = path.substr(0, path.find_last_of('/') + 1);
  void* const library = dlopen((folder + "matomari_cuda.so").c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char* const why = dlerror();
    reason = "this installation has no CUDA plugin (" + std::string(why ? why : "matomari_cuda.so") + ")";
    return nullptr;
  }
  const auto get = reinterpret_cast<MatomariCudaOpen>(dlsym(library, kMatomariCudaSymbol));
  const MatomariCudaApi* const api = get ? get() : nullptr;
  if (!api || api->abi != kMatomariCudaAbi) {
    reason = folder + "matomari_cuda.so belongs to another version of matomari: install or build matomari again";
    return nullptr;
  }
  return api;
#else
  reason = "the CUDA plugin is made for Linux only";
  return nullptr;
#endif
}

Opened discover() {
  Opened out;
  std::string& reason = out.availability.reason;
  const MatomariCudaApi* const api = open(reason);
  if (!api) return out;
  MatomariCudaError error{};
  int count = 0;
  if (api->count(&count, &error) != 0) {
    reason = error.message;
    return out;
  }
  for (int i = 0; i < count; ++i) {
    MatomariCudaDevice device{};
    if (api->describe(i, &device, &error) != 0) {
      reason = error.message;
      out.availability.devices.clear();
      return out;
    }
    out.availability.devices.push_back({device.name, device.memory});
  }
  out.api = api;
  return out;
}

const Opened& opened() {
  static const Opened found = discover();
  return found;
}

}  // namespace

const Availability& availability() { return opened().availability; }

const MatomariCudaApi& plugin(int device) {
  const Opened& found = opened();
  if (!found.api) throw core::Error(core::Code::no_device, found.availability.reason);
  if (device < 0 || static_cast<std::size_t>(device) >= found.availability.devices.size())
    throw core::Error(core::Code::no_device, "there is no CUDA device " + std::to_string(device) + ": the driver shows " +
                                                 std::to_string(found.availability.devices.size()));
  return *found.api;
}

}  // namespace matomari::cuda
