#pragma once
#include "cuda/packed.h"
#include "cuda/runtime.h"

namespace matomari::cuda {

// Rows of device memory, packed.
struct PackedRows {
  PackedRows(const Session& session, std::size_t rows, std::size_t d);
  static std::size_t bytes(std::size_t d) noexcept;  // of a row
  ScreenRows view(std::size_t count) const noexcept { return {halves.data(), facts.data(), extents.data(), count}; }
  DeviceBuffer<std::uint16_t> halves;
  DeviceBuffer<RowFacts> facts;
  DeviceBuffer<Extent> extents;
};

// Targets of device memory, packed.
struct PackedTargets {
  PackedTargets(const Session& session, std::size_t capacity, std::size_t d);
  static std::size_t bytes(std::size_t d) noexcept;
  Targets view() const noexcept { return {halves.data(), facts.data(), extents.data(), offsets.data(), widest.data(), count}; }
  std::size_t count = 0;
  DeviceBuffer<std::uint16_t> halves;
  DeviceBuffer<TargetFacts> facts;
  DeviceBuffer<Extent> extents;
  DeviceBuffer<double> offsets;
  DeviceBuffer<Widest> widest;
};

// limits: null, or device memory [rows]: the true score that a target must not exceed to be noted for a row.
void pack_rows(const Session& session, PackSource<float> source, const ScreenBound& bound, const double* limits, const PackedRows& into);
// offsets: whether half the targets' squares belong to the score, as for all metrics but `dot`.
void pack_targets(const Session& session, PackSource<float> source, const ScreenBound& bound, bool offsets, PackedTargets& into);
void pack_targets(const Session& session, PackSource<double> source, const ScreenBound& bound, bool offsets, PackedTargets& into);

}  // namespace matomari::cuda
