#pragma once
#include <array>
#include <cstdint>

#include "core/host_device.h"

namespace matomari::core {

// Philox 4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3; SC 2011). A number is a
// function of seed and counter alone, so that it does not matter who draws first.
MATOMARI_HD inline std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> c, std::uint64_t seed) noexcept {
  std::uint32_t k0 = static_cast<std::uint32_t>(seed), k1 = static_cast<std::uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53} * c[0];
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57} * c[2];
    c = {static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ k0, static_cast<std::uint32_t>(p1),
         static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ k1, static_cast<std::uint32_t>(p0)};
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return c;
}

// What a draw is for. Part of the counter, so that two uses of one seed never share numbers.
enum class Stream : std::uint32_t { kmeans_first = 1, kmeans_trial = 2, kmeans_random = 3, umap_spectral = 4, umap_noise = 5, umap_random = 6,
                                    umap_point = 7, umap_round = 8, truncated_svd = 9, kmeans_batch = 10, kmeans_sample = 11, kmeans_reassign = 12 };

// A whole number below `bound`, uniform to within 2^-64 · bound.
MATOMARI_HD inline std::uint64_t draw_below(std::uint64_t bound, std::uint64_t seed, Stream stream, std::uint32_t run,
                                std::uint32_t step, std::uint32_t index) noexcept {
  const auto r = philox({index, step, run, static_cast<std::uint32_t>(stream)}, seed);
  const std::uint64_t x = (std::uint64_t{r[0]} << 32) | r[1];
  // The high half of x · bound.
  const std::uint64_t x0 = x & 0xFFFFFFFF, x1 = x >> 32, b0 = bound & 0xFFFFFFFF, b1 = bound >> 32;
  const std::uint64_t low = x0 * b0, mid1 = x1 * b0 + (low >> 32), mid2 = x0 * b1 + (mid1 & 0xFFFFFFFF);
  return x1 * b1 + (mid1 >> 32) + (mid2 >> 32);
}

}  // namespace matomari::core
