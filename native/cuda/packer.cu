#include "cuda/packer.h"

#include "cuda/pack.cuh"

namespace matomari::cuda {

namespace {

constexpr unsigned kThreads = 256;  // eight vectors a block

template <class T>
void targets(const Session& session, PackSource<T> source, const ScreenBound& bound, bool offsets, PackedTargets& into) {
  source.padded = padded_targets(source.rows);
  into.count = source.rows;
  into.widest.clear(1);
  launch(session.stream(), blocks(source.padded, kThreads / 32), kThreads, 0, pack_targets_kernel<T>, source, bound, offsets, into.halves.data(),
         into.facts.data(), into.extents.data(), into.offsets.data(), into.widest.data());
}

std::size_t half_bytes(std::size_t d) { return depth_tiles(d) * kTileDepth * sizeof(std::uint16_t); }

}  // namespace

PackedRows::PackedRows(const Session& session, std::size_t rows, std::size_t d)
    : halves(session, padded_rows(rows) * depth_tiles(d) * kTileDepth), facts(session, padded_rows(rows)),
      extents(session, padded_rows(rows)) {}
std::size_t PackedRows::bytes(std::size_t d) noexcept { return half_bytes(d) + sizeof(RowFacts) + sizeof(Extent); }

PackedTargets::PackedTargets(const Session& session, std::size_t capacity, std::size_t d)
    : halves(session, padded_targets(capacity) * depth_tiles(d) * kTileDepth), facts(session, padded_targets(capacity)),
      extents(session, capacity), offsets(session, capacity), widest(session, 1) {}
std::size_t PackedTargets::bytes(std::size_t d) noexcept { return half_bytes(d) + sizeof(TargetFacts) + sizeof(Extent) + sizeof(double); }

void pack_rows(const Session& session, PackSource<float> source, const ScreenBound& bound, const double* limits, const PackedRows& into) {
  source.padded = padded_rows(source.rows);
  launch(session.stream(), blocks(source.padded, kThreads / 32), kThreads, 0, pack_rows_kernel, source, bound, limits, into.halves.data(),
         into.facts.data(), into.extents.data());
}

void pack_targets(const Session& session, PackSource<float> source, const ScreenBound& bound, bool offsets, PackedTargets& into) {
  targets(session, source, bound, offsets, into);
}
void pack_targets(const Session& session, PackSource<double> source, const ScreenBound& bound, bool offsets, PackedTargets& into) {
  targets(session, source, bound, offsets, into);
}

}  // namespace matomari::cuda
