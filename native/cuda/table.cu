// The plugin's one symbol, and what it says of the machine.
#include <cuda_runtime.h>

#include <cstdio>

#include "core/error.h"
#include "cuda/operations.h"

namespace matomari::cuda {

namespace {

template <class... Values>
int refuse(MatomariCudaError* error, const char* format, Values... values) {
  error->code = static_cast<int>(core::Code::no_device);
  std::snprintf(error->message, sizeof error->message, format, values...);
  return 1;
}

int count(int* devices, MatomariCudaError* error) {
  *devices = 0;
  int driver = 0, runtime = 0;
  cudaDriverGetVersion(&driver);  // stays 0 where there is no libcuda.so.1
  cudaRuntimeGetVersion(&runtime);
  if (driver == 0) return refuse(error, "this machine has no NVIDIA driver (libcuda.so.1 was not found)");
  const cudaError_t status = cudaGetDeviceCount(devices);
  if (status == cudaErrorInsufficientDriver)
    return refuse(error, "the NVIDIA driver is too old: it supports CUDA %d.%d, and this build needs %d.%d", driver / 1000,
                  driver % 1000 / 10, runtime / 1000, runtime % 1000 / 10);
  if (status == cudaErrorNoDevice || (status == cudaSuccess && *devices == 0))
    return refuse(error, "the NVIDIA driver shows no device (is one fitted, and does CUDA_VISIBLE_DEVICES hide it?)");
  if (status != cudaSuccess) return refuse(error, "CUDA does not start: %s", cudaGetErrorString(status));
  return 0;
}

int describe(int device, MatomariCudaDevice* out, MatomariCudaError* error) {
  cudaDeviceProp properties;
  if (const cudaError_t status = cudaGetDeviceProperties(&properties, device); status != cudaSuccess)
    return refuse(error, "CUDA device %d does not answer: %s", device, cudaGetErrorString(status));
  if (properties.major < 8)
    return refuse(error, "CUDA device %d, %s, is too old: compute capability %d.%d, and 8.0 is needed", device,
                  properties.name, properties.major, properties.minor);
  std::snprintf(out->name, sizeof out->name, "%s", properties.name);
  out->memory = properties.totalGlobalMem;
  return 0;
}

constexpr MatomariCudaApi kTable = {kMatomariCudaAbi, count, describe, assign, distances, kmeans, nearest, weighted_mean};

}  // namespace

}  // namespace matomari::cuda

extern "C" __attribute__((visibility("default"))) const MatomariCudaApi* matomari_cuda_api() {
  return &matomari::cuda::kTable;
}
