#pragma once

// Marks the arithmetic that the CPU and the CUDA kernels must share, so that both execute the very same source.
#ifdef __CUDACC__
#define MATOMARI_HD __host__ __device__
#else
#define MATOMARI_HD
#endif
