#pragma once
#include <cstddef>
#include <cstdint>

// What the addon asks of matomari_cuda.so. Plain C structures: the plugin carries its own runtime library, and no
// exception or object of C++ crosses over. Functions return 0, or fill the error and return something else.
extern "C" {

inline constexpr int kMatomariCudaAbi = 1;

struct MatomariCudaError {
  int code;  // a core::Code
  char message[500];
};

// What a running operation knows of the outside. `stage` is a literal of the plugin, which is never closed.
struct MatomariCudaJob {
  void* context;
  bool (*cancelled)(void* context);
  void (*progress)(void* context, const char* stage, std::uint64_t done, std::uint64_t total);
};

struct MatomariCudaDevice {
  char name[256];
  std::uint64_t memory;  // bytes
};

struct MatomariCudaApi {
  int abi;
  // The devices that the driver shows; an error says why there are none.
  int (*count)(int* devices, MatomariCudaError* error);
  int (*describe)(int device, MatomariCudaDevice* out, MatomariCudaError* error);
};

// The one symbol of the plugin.
using MatomariCudaOpen = const MatomariCudaApi* (*)();
inline constexpr const char* kMatomariCudaSymbol = "matomari_cuda_api";
}
