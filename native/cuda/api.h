#pragma once
#include <cstddef>
#include <cstdint>

#include "simd/kernels.h"

// What the addon asks of matomari_cuda.so. Plain C structures: the plugin carries its own runtime library, and no
// exception or object of C++ crosses over. Functions return 0, or fill the error and return something else.
extern "C" {

inline constexpr int kMatomariCudaAbi = 4;

struct MatomariCudaError {
  int code;  // a core::Code
  char message[500];
};

// What a running operation knows of the outside. `stage` is a literal of the plugin, which is never closed.
struct MatomariCudaJob {
  void* context;
  bool (*cancelled)(void* context);
  void (*progress)(void* context, const char* stage, std::uint64_t done, std::uint64_t total);
  unsigned threads;  // of the host, at once
};

struct MatomariCudaDevice {
  char name[256];
  std::uint64_t memory;  // bytes
};

// As nearest/assign.h has it; all memory is the host's. At least one row, one cluster, one column.
struct MatomariCudaAssign {
  int device;
  int metric;  // a Metric
  const float* points;
  std::size_t rows, cols;
  const float* centroids;
  std::size_t clusters;
  std::int32_t* labels;
  float* distances;
  std::uint64_t rechecked;  // rows that the screen could not decide
};

// As nearest/nearest.h has it. At least one query, one point and one column, below 2^31 rows, and count from 1 to
// kMostNeighbours.
inline constexpr std::size_t kMostNeighbours = 1024;
struct MatomariCudaNearest {
  int device;
  int metric;  // a Metric
  const float* queries;
  std::size_t query_rows;
  const float* points;  // the queries themselves, or others
  std::size_t point_rows, cols, count;
  std::int32_t* indices;
  float* distances;  // both [query_rows × count]
  // [query_rows], zeros: becomes 1 where the order is left open, since two points that only exact sums tell apart were not on
  // the device together.
  std::uint8_t* torn;
  std::uint64_t torn_count, rechecked;
};

// As distances/distances.h has it. At least one row on either side and one column.
struct MatomariCudaDistances {
  int device;
  int metric;  // a Metric
  const float* a;
  std::size_t a_rows;
  const float* b;
  std::size_t b_rows, cols;
  float* out;  // [a_rows × b_rows]
};

// As kmeans/kmeans.h has it. At least one row and one column, below 2^31 rows, and weights that are usable.
struct MatomariCudaKMeans {
  int device;
  const float* points;
  std::size_t rows, cols, clusters;
  bool cosine;
  const float* weight;         // [rows], or null: all 1
  double largest_weight;       // 1 where there are none
  const float* initial;        // [clusters × cols], or null
  const std::uint32_t* seeds;  // [runs × clusters] rows to begin with; null without `initial` either: greedy k-means++
  std::uint64_t seed;
  std::uint32_t runs, max_iterations;
  double tolerance;
  float* centroids;
  std::int32_t* labels;
  double inertia;
  std::uint32_t iterations;
  bool converged;
  double rechecked_share;
};

// As weighted_mean/weighted_mean.h has it, of weights by column in blocks of rows (weighted_mean/by_column.h). At least one
// row, one column of weights and one of vectors.
struct MatomariCudaWeightedMean {
  int device;
  const matomari::simd::WeightedRow* entries;
  std::size_t entry_count;
  const std::size_t* ends;  // [blocks × (columns + 1)]: where a block's entries begin, and where those of each column end
  std::size_t blocks, block_rows, columns;
  const float* vectors;
  std::size_t rows, cols;
  float* out;  // [columns × cols]
};

struct MatomariCudaApi {
  int abi;
  // The devices that the driver shows; an error says why there are none.
  int (*count)(int* devices, MatomariCudaError* error);
  int (*describe)(int device, MatomariCudaDevice* out, MatomariCudaError* error);
  // bad_input where a value is not finite, or a row is zero under cosine: the caller says which.
  int (*assign)(const MatomariCudaJob* job, MatomariCudaAssign* arguments, MatomariCudaError* error);
  int (*distances)(const MatomariCudaJob* job, MatomariCudaDistances* arguments, MatomariCudaError* error);
  int (*kmeans)(const MatomariCudaJob* job, MatomariCudaKMeans* arguments, MatomariCudaError* error);
  int (*nearest)(const MatomariCudaJob* job, MatomariCudaNearest* arguments, MatomariCudaError* error);
  int (*weighted_mean)(const MatomariCudaJob* job, MatomariCudaWeightedMean* arguments, MatomariCudaError* error);
};

// The one symbol of the plugin.
using MatomariCudaOpen = const MatomariCudaApi* (*)();
inline constexpr const char* kMatomariCudaSymbol = "matomari_cuda_api";
}
