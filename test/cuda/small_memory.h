#pragma once
#include <cstdlib>

namespace matomari::test {

// While it lives, no more than so many rows are taken at once, or 128 where whole tiles are needed: the rest comes and goes in
// blocks.
struct SmallMemory {
  explicit SmallMemory(const char* rows = "128") { setenv("MATOMARI_CUDA_BLOCK_ROWS", rows, 1); }
  ~SmallMemory() { unsetenv("MATOMARI_CUDA_BLOCK_ROWS"); }
};

// While it lives, the device has so many MiB.
struct MemoryLimit {
  explicit MemoryLimit(const char* mib) { setenv("MATOMARI_CUDA_MEMORY", mib, 1); }
  ~MemoryLimit() { unsetenv("MATOMARI_CUDA_MEMORY"); }
};

}  // namespace matomari::test
