#pragma once
#include <cstddef>
#include <cstdint>

#include "core/fixed_point.h"
#include "cuda/corpus.h"
#include "cuda/row_sums.h"
#include "cuda/search.h"

namespace matomari::cuda {

// What seeding keeps of its steps.
struct SeedState {
  std::int64_t total;          // of all tickets
  core::FixedSum fixed;        // how tickets are counted
  unsigned long long largest;  // weight · squared distance, as the bits of a double
  std::uint32_t due;           // tickets must be counted anew
  std::uint32_t best;          // candidate of this step
};

// Greedy k-means++ on the device: the same draws and the same choices as kmeans/seeding.cc, to the bit. The tensor cores
// find which rows a candidate may gain, and those are measured in float64.
class Seeding {
 public:
  // search: for how its rows are packed. shift_length: at least the length of what the packed rows were shifted by.
  Seeding(const Session& session, Corpus& corpus, const Search& search, const FitRows& facts, std::size_t clusters, double shift_length);

  // seeds [clusters], device memory. each_block(f) calls f(block, packed) for all rows, in blocks.
  template <class EachBlock>
  void run(std::uint64_t seed, std::uint32_t run, EachBlock&& each_block, std::uint32_t* seeds) {
    first(seed, run, seeds);
    each_block([&](const Corpus::Block& block, const PackedRows& packed) { measure_first(block, packed); });
    for (std::size_t step = 1; step < clusters_; ++step) {
      next(seed, run, step);
      each_block([&](const Corpus::Block& block, const PackedRows& packed) { screen(block, packed); });
      choose(step, seeds);
      each_block([&](const Corpus::Block& block, const PackedRows& packed) { apply(block, packed); });
      session_.progress("seed", step + 1, clusters_);
    }
  }

 private:
  void first(std::uint64_t seed, std::uint32_t run, std::uint32_t* seeds);
  void measure_first(const Corpus::Block& block, const PackedRows& packed);
  void next(std::uint64_t seed, std::uint32_t run, std::size_t step);
  void screen(const Corpus::Block& block, const PackedRows& packed);
  void choose(std::size_t step, std::uint32_t* seeds);
  void apply(const Corpus::Block& block, const PackedRows& packed);

  void draw(std::uint64_t seed, std::uint32_t run, std::size_t step, bool anew, std::size_t trials);
  FitRows rows_of(const Corpus::Block& block) const;

  const Session& session_;
  Corpus& corpus_;
  const Search& search_;
  FitRows facts_;
  std::size_t clusters_, trials_;
  double shift_length_;
  DeviceBuffer<SeedState> state_;
  DeviceBuffer<double> closest_;
  DeviceBuffer<long long> tickets_, sums_;  // of rows, and of 512 of them
  DeviceBuffer<float> limits_;
  DeviceBuffer<std::uint32_t> masks_, list_;  // the candidates that may gain a row, and the rows that have any
  DeviceBuffer<unsigned> counts_;             // of the list, by block
  DeviceBuffer<long long> falls_;
  DeviceBuffer<std::uint32_t> drawn_;
  DeviceBuffer<float> candidate_rows_;
  DeviceBuffer<double> candidates_;
  PackedTargets targets_;
};

}  // namespace matomari::cuda
