#pragma once
// The screen by mma.sync, for sm_80 and everything after it: 8 warps, each 32 rows × 64 targets of a tile 128 × 128.
#include "cuda/screen.cuh"

namespace matomari::cuda::ampere {

inline constexpr unsigned kThreads = 256, kStages = 3;
inline constexpr std::size_t kStageHalves = 2 * kTileHalves;  // a tile of rows and one of targets
inline constexpr std::size_t kShared = kStages * kStageHalves * 2 + 1024;

// Starts the copy of one step: a tile of rows and one of targets, 64 columns deep.
__device__ inline void start_copy(std::uint16_t* stage, const std::uint16_t* rows, const std::uint16_t* targets) {
  for (unsigned piece = threadIdx.x; piece < kTileHalves / 8; piece += kThreads) {
    copy_async(stage + piece * 8, rows + piece * 8);
    copy_async(stage + kTileHalves + piece * 8, targets + piece * 8);
  }
}

// Address of 16-byte piece `piece` of a row of a tile.
__device__ inline const std::uint16_t* piece_of(const std::uint16_t* tile, unsigned row, unsigned piece) {
  return tile + row * kTileDepth + ((piece ^ (row % 8)) * 8);
}

// sums += rows [32 × 64] · targets [64 × 64]ᵀ from `row` and `target` of the two tiles on.
__device__ inline void multiply_step(const std::uint16_t* rows, const std::uint16_t* targets, unsigned row, unsigned target,
                                     unsigned lane, float (&sums)[2][8][4]) {
#pragma unroll
  for (unsigned step = 0; step < 4; ++step) {
    std::uint32_t a[2][4];
#pragma unroll
    for (unsigned m = 0; m < 2; ++m) load_matrices(a[m], piece_of(rows, row + 16 * m + lane % 16, 2 * step + lane / 16));
#pragma unroll
    for (unsigned n = 0; n < 4; ++n) {
      std::uint32_t b[4];  // targets 0–7 and 8–15, each columns 0–7 and 8–15
      load_matrices(b, piece_of(targets, target + 16 * n + lane / 16 * 8 + lane % 8, 2 * step + lane / 8 % 2));
#pragma unroll
      for (unsigned m = 0; m < 2; ++m) {
        multiply_add(sums[m][2 * n], a[m], b[0], b[1]);
        multiply_add(sums[m][2 * n + 1], a[m], b[2], b[3]);
      }
    }
  }
}

template <class Take>
__global__ void __launch_bounds__(kThreads) screen(ScreenRows x, Targets c, std::size_t d, unsigned splits, Take take) {
  auto* const memory = reinterpret_cast<std::uint16_t*>(shared_memory());
  const unsigned lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  const unsigned row = warp / 2 * 32, target = warp % 2 * 64;
  const Share share = share_of<Take>(c.count, splits);
  const std::size_t depth = depth_tiles(d), first_tile = share.begin * kColumnTiles, steps = (share.end - share.begin) * kColumnTiles * depth;
  const std::uint16_t* const rows = x.halves + share.tile * depth * kTileHalves;
  const std::uint16_t* const targets = c.halves + first_tile * depth * kTileHalves;
  const std::size_t first_row = std::size_t{share.tile} * kTileRows;

  RowFacts facts[2][2];
  Lowest found[2][2];
#pragma unroll
  for (unsigned m = 0; m < 2; ++m)
#pragma unroll
    for (unsigned h = 0; h < 2; ++h) {
      facts[m][h] = x.facts[first_row + row + 16 * m + 8 * h + lane / 4];
      found[m][h].clear();
    }
  // Target tiles follow one another as their steps do, so that step s reads piece s of the targets.
  for (std::size_t s = 0; s < kStages - 1; ++s) {
    if (s < steps) start_copy(memory + s * kStageHalves, rows + s % depth * kTileHalves, targets + s * kTileHalves);
    commit_copies();
  }
  float sums[2][8][4] = {};
  for (std::size_t s = 0, at = 0; s < steps; ++s) {
    wait_copies<kStages - 2>();
    __syncthreads();  // all pieces of step s are there, and all warps have left the stage that is filled next
    if (const std::size_t next = s + kStages - 1; next < steps)
      start_copy(memory + next % kStages * kStageHalves, rows + next % depth * kTileHalves, targets + next * kTileHalves);
    commit_copies();
    const std::uint16_t* const stage = memory + s % kStages * kStageHalves;
    multiply_step(stage, stage + kTileHalves, row, target, lane, sums);
    if (++at < depth) continue;
    at = 0;
    const std::size_t first = (first_tile + s / depth) * kTileRows + target + 2 * (lane % 4);
#pragma unroll
    for (unsigned n = 0; n < 8; ++n)
#pragma unroll
      for (unsigned e = 0; e < 2; ++e) {
        const std::size_t j = first + 8 * n + e;
        const TargetFacts t = c.facts[j];
#pragma unroll
        for (unsigned m = 0; m < 2; ++m)
#pragma unroll
          for (unsigned h = 0; h < 2; ++h) {
            const float score = lowest_score(sums[m][n][2 * h + e], facts[m][h], t);
            sums[m][n][2 * h + e] = 0;
            if constexpr (Take::kBest)
              found[m][h].add(score, static_cast<std::int32_t>(j));
            else
              note_below(take, x, c.count, first_row + row + 16 * m + 8 * h + lane / 4, facts[m][h].limit, score, t, j);
          }
      }
  }
  if constexpr (Take::kBest) {
    wait_copies<0>();
    __syncthreads();  // the stages are free: the two warps that share rows meet there
    auto* const other = reinterpret_cast<Lowest*>(memory);
#pragma unroll
    for (unsigned m = 0; m < 2; ++m)
#pragma unroll
      for (unsigned h = 0; h < 2; ++h) {
        merge_lanes(found[m][h]);
        if (warp % 2 == 1 && lane % 4 == 0) other[row + 16 * m + 8 * h + lane / 4] = found[m][h];
      }
    __syncthreads();
    if (warp % 2 == 1 || lane % 4 != 0) return;
#pragma unroll
    for (unsigned m = 0; m < 2; ++m)
#pragma unroll
      for (unsigned h = 0; h < 2; ++h) {
        const unsigned r = row + 16 * m + 8 * h + lane / 4;
        found[m][h].merge(other[r]);
        settle(take, x, c, first_row + r, found[m][h]);
      }
  }
}

}  // namespace matomari::cuda::ampere
