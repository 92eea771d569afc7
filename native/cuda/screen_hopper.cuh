#pragma once
// The screen by wgmma, for sm_90a: one warp brings tiles by bulk copies, two groups of four warps multiply 64 rows × 256
// targets each.
#include "cuda/screen.cuh"

namespace matomari::cuda::hopper {

inline constexpr unsigned kGroups = 2, kThreads = kGroups * 128 + 32, kStages = 4;
// Shared memory: tiles of rows, then two tiles of targets a stage. Rows of so many tiles or fewer are brought once and stay, which
// saves a third of what comes from the second-level cache; longer ones come with the targets, to a slot a stage.
inline constexpr unsigned kKeptDepth = 6;
inline constexpr std::size_t kStageHalves = kColumnTiles * kTileHalves;
inline constexpr std::size_t kShared = (kKeptDepth * kTileHalves + kStages * kStageHalves) * 2 + 2 * kStages * sizeof(std::uint64_t) + 1024;
static_assert(kShared <= 227 * 1024);  // what a block may have

#ifdef MATOMARI_HOPPER
// Brings the tiles of every step into the stages, in turn, as they fall free.
template <bool kKept>
__device__ void produce(std::uint16_t* memory, std::uint64_t* full, std::uint64_t* empty, const std::uint16_t* rows,
                               const std::uint16_t* targets, std::size_t depth, std::size_t steps) {
  for (std::size_t s = 0; s < steps; ++s) {
    const std::size_t stage = s % kStages, turn = s / kStages;
    if (turn > 0) barrier_wait(empty + stage, (turn - 1) % 2);
    const bool brings_rows = !kKept || s < depth;
    barrier_expect(full + stage, ((brings_rows ? 1 : 0) + kColumnTiles) * kTileBytes);
    if (brings_rows) copy_bulk(memory + (kKept ? s : stage) * kTileHalves, rows + s % depth * kTileHalves, kTileBytes, full + stage);
    std::uint16_t* const to = memory + kKeptDepth * kTileHalves + stage * kStageHalves;
    for (std::size_t t = 0; t < kColumnTiles; ++t)
      copy_bulk(to + t * kTileHalves, targets + ((s / depth * kColumnTiles + t) * depth + s % depth) * kTileHalves, kTileBytes,
                full + stage);
  }
}
#endif

// kKept: no more than kKeptDepth tiles deep.
template <bool kKept, class Take>
__global__ void __launch_bounds__(kThreads, 1) screen(ScreenRows x, Targets c, std::size_t d, unsigned splits, Take take) {
#ifdef MATOMARI_HOPPER
  auto* const memory = reinterpret_cast<std::uint16_t*>(shared_memory());
  auto* const full = reinterpret_cast<std::uint64_t*>(memory + kKeptDepth * kTileHalves + kStages * kStageHalves);
  std::uint64_t* const empty = full + kStages;
  const Share share = share_of<Take>(c.count, splits);
  const auto depth = static_cast<unsigned>(depth_tiles(d));
  if (threadIdx.x == 0) {
    for (unsigned s = 0; s < kStages; ++s) {
      barrier_init(full + s, 1);
      barrier_init(empty + s, kGroups * 4);
    }
    barrier_publish();
  }
  __syncthreads();
  const unsigned lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  if (warp == kGroups * 4) {
    if (lane == 0)
      produce<kKept>(memory, full, empty, x.halves + share.tile * kTileHalves * depth, c.halves + share.begin * kColumnTiles * kTileHalves * depth, depth,
              std::size_t{share.end - share.begin} * depth);
    return;
  }
  // Numbers of 32 bits where they do: there is not one register to spare.
  const unsigned group = warp / 4, row = share.tile * static_cast<unsigned>(kTileRows) + 64 * group + 16 * (warp % 4) + lane / 4;
  const RowFacts facts[2] = {x.facts[row], x.facts[row + 8]};
  Lowest found[2];
  found[0].clear();
  found[1].clear();
  float sums[128];
  for (unsigned pair = share.begin, s = 0; pair < share.end; ++pair) {
    for (unsigned at = 0; at < depth; ++at, ++s) {
      const unsigned stage = s % kStages;
      barrier_wait(full + stage, s / kStages % 2);
      const std::uint16_t* const rows = memory + (kKept ? at : stage) * kTileHalves + group * 64 * kTileDepth;
      const std::uint16_t* const targets = memory + kKeptDepth * kTileHalves + stage * kStageHalves;
      group_hold(sums);
      group_fence();
#pragma unroll
      for (unsigned step = 0; step < 4; ++step)
        group_multiply_add(sums, matrix_descriptor(rows, 16 * step), matrix_descriptor(targets, 16 * step), at > 0 || step > 0);
      group_commit();
      // One step stays under way while the stage of the one before is given back.
      group_wait<1>();
      if (at > 0 && lane == 0) barrier_arrive(empty + (s - 1) % kStages);
    }
    group_wait<0>();
    group_hold(sums);
    if (lane == 0) barrier_arrive(empty + (s - 1) % kStages);
    const std::size_t first = std::size_t{pair} * kColumnTiles * kTileRows + 2 * (lane % 4);
#pragma unroll
    for (unsigned n = 0; n < 32; ++n)
#pragma unroll
      for (unsigned e = 0; e < 2; ++e) {
        const std::size_t j = first + 8 * n + e;
        const TargetFacts t = c.facts[j];
#pragma unroll
        for (unsigned h = 0; h < 2; ++h) {
          const float score = lowest_score(sums[4 * n + 2 * h + e], facts[h], t);
          if constexpr (Take::kBest)
            found[h].add(score, static_cast<std::int32_t>(j));
          else
            note_below(take, x, c.count, row + 8 * h, facts[h].limit, score, t, j);
        }
      }
  }
  if constexpr (Take::kBest) {
#pragma unroll
    for (unsigned h = 0; h < 2; ++h) {
      merge_lanes(found[h]);
      if (lane % 4 == 0) settle(take, x, c, row + 8 * h, found[h]);
    }
  }
#else
  // Never launched below sm_90a.
  (void)x, (void)c, (void)d, (void)splits, (void)take;
#endif
}

}  // namespace matomari::cuda::hopper
