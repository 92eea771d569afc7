#pragma once
// The screen for a few targets, of which memory, not multiplication, is the limit: 128 rows × 32 targets a block, by mma.sync
// on every device; a warp takes 16 rows.
#include "cuda/screen_ampere.cuh"

namespace matomari::cuda::narrow {

inline constexpr unsigned kTargets = 32, kThreads = 256, kStages = 4;
inline constexpr std::size_t kTargetHalves = kTargets * kTileDepth, kStageHalves = kTileHalves + kTargetHalves;
inline constexpr std::size_t kShared = kStages * kStageHalves * 2 + 1024;

__device__ inline void start_copy(std::uint16_t* stage, const std::uint16_t* rows, const std::uint16_t* targets) {
  for (unsigned piece = threadIdx.x; piece < kTileHalves / 8; piece += kThreads) copy_async(stage + piece * 8, rows + piece * 8);
  for (unsigned piece = threadIdx.x; piece < kTargetHalves / 8; piece += kThreads)
    copy_async(stage + kTileHalves + piece * 8, targets + piece * 8);
}

// take(row, bits) for every row and the targets whose score is not above limits[row], as bits, by the first of the four lanes
// that share the row. `targets` are packed as those of the other screens; what has no bound counts as found.
template <class Take>
__global__ void __launch_bounds__(kThreads) screen(ScreenRows x, const float* limits, Targets c, std::size_t d, Take take) {
  auto* const memory = reinterpret_cast<std::uint16_t*>(shared_memory());
  const unsigned lane = threadIdx.x % 32, row = threadIdx.x / 32 * 16;
  const std::size_t depth = depth_tiles(d), first_row = std::size_t{blockIdx.x} * kTileRows;
  const std::uint16_t* const rows = x.halves + std::size_t{blockIdx.x} * depth * kTileHalves;
  for (std::size_t s = 0; s < kStages - 1; ++s) {
    if (s < depth) start_copy(memory + s * kStageHalves, rows + s * kTileHalves, c.halves + s * kTileHalves);
    commit_copies();
  }
  float sums[4][4] = {};
  for (std::size_t s = 0; s < depth; ++s) {
    wait_copies<kStages - 2>();
    __syncthreads();
    if (const std::size_t next = s + kStages - 1; next < depth)
      start_copy(memory + next % kStages * kStageHalves, rows + next * kTileHalves, c.halves + next * kTileHalves);
    commit_copies();
    const std::uint16_t* const stage = memory + s % kStages * kStageHalves;
#pragma unroll
    for (unsigned step = 0; step < 4; ++step) {
      std::uint32_t a[4];
      load_matrices(a, ampere::piece_of(stage, row + lane % 16, 2 * step + lane / 16));
#pragma unroll
      for (unsigned n = 0; n < 2; ++n) {
        std::uint32_t b[4];
        load_matrices(b, ampere::piece_of(stage + kTileHalves, 16 * n + lane / 16 * 8 + lane % 8, 2 * step + lane / 8 % 2));
        multiply_add(sums[2 * n], a, b[0], b[1]);
        multiply_add(sums[2 * n + 1], a, b[2], b[3]);
      }
    }
  }
#pragma unroll
  for (unsigned h = 0; h < 2; ++h) {
    const std::size_t r = first_row + row + 8 * h + lane / 4;
    const bool real = r < x.count;
    const RowFacts facts = x.facts[r];
    const float limit = real ? limits[r] : 0.0f;
    unsigned bits = 0;
#pragma unroll
    for (unsigned n = 0; n < 4; ++n)
#pragma unroll
      for (unsigned e = 0; e < 2; ++e) {
        const unsigned j = 8 * n + 2 * (lane % 4) + e;
        const TargetFacts t = c.facts[j];
        // Written so that what is not a number counts.
        const bool above = lowest_score(sums[n][2 * h + e], facts, t) > limit && t.norm < 1e18f;
        if (!above && j < c.count) bits |= 1u << j;
      }
    bits |= __shfl_xor_sync(kAllLanes, bits, 1);
    bits |= __shfl_xor_sync(kAllLanes, bits, 2);
    take(r, real && lane % 4 == 0 ? bits : 0u);
  }
}

}  // namespace matomari::cuda::narrow
