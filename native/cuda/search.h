#pragma once
#include <cstddef>
#include <cstdint>

#include "cuda/decider.h"
#include "cuda/packer.h"
#include "cuda/runtime.h"

namespace matomari::cuda {

// The device's CentroidSearch: the nearest of k targets for many rows, by the same certificate and the same last word, and so
// the same labels to the bit. Holds all the memory it needs; allocates nothing later.
class Search {
 public:
  // shift: device memory [d], or null for `dot`. rows: the most that assign() gets at once.
  Search(const Session& session, Metric metric, std::size_t clusters, std::size_t d, const float* shift, std::size_t rows);

  // Sets the targets, device memory that must outlive the search: float64 inside a fit, or float32, by which labels are
  // exact but for cosine.
  void set(const double* targets);
  void set(const float* targets);

  void pack(const float* points, const double* inverse_norm, std::size_t rows, const PackedRows& into) const;
  // values [count × d], which are not to be scaled any more.
  void pack_targets(const double* values, std::size_t count, PackedTargets& into) const;

  const ScreenBound& bound() const noexcept { return bound_; }
  // What it takes of memory for each row that assign() gets at once, beside the rows.
  static constexpr std::size_t kRowBytes = 2 * sizeof(std::uint32_t) + sizeof(double);

  // labels [rows] in device memory. Returns how many rows the screen could not decide. Waits.
  std::size_t assign(const float* points, const double* inverse_norm, std::size_t rows, const PackedRows& packed,
                     std::int32_t* labels) const;

 private:
  template <class T>
  void set(const T* targets, bool exact);
  void recheck(const float* points, const double* inverse_norm, std::size_t first, std::size_t count, std::int32_t* labels) const;

  const Session& session_;
  Metric metric_;
  std::size_t clusters_, d_, recheck_;  // rows in doubt that are rechecked at once
  const float* shift_;
  ScreenBound bound_;
  Decider decider_{};
  DeviceBuffer<double> wide_;
  PackedTargets targets_;
  // Rows in doubt.
  DeviceBuffer<unsigned> open_count_, crowded_count_;
  DeviceBuffer<std::uint32_t> open_rows_, crowded_;
  DeviceBuffer<double> open_limits_;
  PackedRows open_;
  DeviceBuffer<unsigned> counts_;
  DeviceBuffer<std::int32_t> candidates_;
};

}  // namespace matomari::cuda
