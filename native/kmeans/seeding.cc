#include "kmeans/seeding.h"

#include <algorithm>

#include "core/fixed_point.h"
#include "kmeans/lottery.h"
#include "kmeans/plus_plus.h"

namespace matomari {

Lottery weight_lottery(const KMeansData& data) {
  const std::size_t n = data.points.rows;
  Lottery lottery(n);
  double largest = 1;
  if (data.weight) {
    largest = 0;
    for (std::size_t i = 0; i < n; ++i) largest = std::max(largest, data.weight_of(i));
  }
  const core::FixedSum fixed(largest, n);
  for (std::size_t i = 0; i < n; ++i) lottery.tickets()[i] = fixed.term(data.weight_of(i));
  lottery.recount();
  return lottery;
}

std::int64_t draw(std::int64_t total, std::uint64_t seed, core::Stream stream, std::uint32_t run, std::size_t step,
                  std::size_t index) {
  return static_cast<std::int64_t>(core::draw_below(static_cast<std::uint64_t>(total), seed, stream, run,
                                                    static_cast<std::uint32_t>(step), static_cast<std::uint32_t>(index)));
}

std::vector<std::size_t> seed_plus_plus(core::Context& ctx, const simd::Kernels& k, const KMeansData& data,
                                        std::size_t clusters, std::uint64_t seed, std::uint32_t run) {
  return PlusPlus(ctx, k, data, clusters, seed, run).run();
}

std::vector<std::size_t> seed_random(core::Context& ctx, const KMeansData& data, std::size_t clusters,
                                     std::uint64_t seed, std::uint32_t run) {
  Lottery lottery = weight_lottery(data);
  std::vector<std::size_t> seeds;
  std::vector<bool> taken(data.points.rows, false);
  std::int64_t total = lottery.total();
  std::size_t spare = 0;
  for (std::size_t step = 0; step < clusters; ++step) {
    if (step % 1024 == 0) ctx.check();
    std::size_t row;
    if (total > 0) {
      row = lottery.row_of(draw(total, seed, core::Stream::kmeans_random, run, step, 0));
    } else {  // only rows of no weight are left
      while (taken[spare]) ++spare;
      row = spare;
    }
    taken[row] = true;
    total -= lottery.ticket(row);
    lottery.change(row, 0);
    seeds.push_back(row);
  }
  return seeds;
}

}  // namespace matomari
