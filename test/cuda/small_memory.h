#pragma once
#include <cstdlib>

namespace matomari::test {

// While it lives, no more than 128 rows stay on the device: the rest comes and goes in blocks.
struct SmallMemory {
  SmallMemory() { setenv("MATOMARI_CUDA_BLOCK_ROWS", "128", 1); }
  ~SmallMemory() { unsetenv("MATOMARI_CUDA_BLOCK_ROWS"); }
};

}  // namespace matomari::test
