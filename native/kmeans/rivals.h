#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/buffer.h"
#include "core/context.h"
#include "kmeans/label_bounds.h"
#include "kmeans/layers.h"
#include "nearest/screen_panels.h"

namespace matomari {

// The nearest centroid of rows that have one already: its distance is worked out from both int8 layers of the row, and the
// int8 screen then tells which others could be nearer, for most rows none. Those are measured in both layers too. What even
// that leaves open, ties nearly always, is handed back.
class Rivals {
 public:
  // All rows [rows × d], packed in int8; kept by reference.
  Rivals(Metric metric, std::size_t clusters, std::size_t d, const PackedRows& first, const RowLayers& second);

  // The centroids as CentroidSearch has them: of length 1 for cosine, and packed in int8.
  void set(core::Context& ctx, const double* centroids, const float* shift, const ScreenPanels& panels);

  class Scratch {
   public:
    explicit Scratch(const Rivals& rivals);

   private:
    friend class Rivals;
    struct Row {
      CentroidLayers::Row x;
      double here;       // what the screen leaves out of a score's error
      double low, high;  // between which the score of the nearest so far lies
      double beaten;     // the scores of all others that were measured are no lower
      bool settled;
    };
    RowBlock block;
    std::vector<Row> row;
    core::Buffer<std::int32_t> own;
    core::Buffer<float> limit, least, hidden;
    core::Buffer<std::uint64_t> hits;
  };

  // labels[i] for the rows i of `ids`, from previous[i], which may be −1. Rows that stay open are added to `open`.
  void assign(const core::Context& ctx, const std::vector<std::uint32_t>& ids, const std::int32_t* previous, std::int32_t* labels,
              LabelBounds& bounds, Scratch& scratch, std::vector<std::uint32_t>& open) const;

 private:
  static constexpr std::size_t kBlock = 96;  // rows screened at once: a multiple of row_tile
  simd::ScreenRows gather(const std::uint32_t* ids, std::size_t count, Scratch& s) const;
  void guess(const simd::ScreenRows& rows, std::size_t padded, Scratch& s) const;
  void begin(const std::uint32_t* ids, std::size_t count, Scratch& s) const;
  void measure(std::size_t i, std::size_t j, Scratch& s) const;

  const simd::ScreenKernels& k_;
  ScreenBound bound_;
  std::size_t clusters_, d_;
  const PackedRows& first_;
  const RowLayers& second_;
  CentroidLayers centroids_;
  const ScreenPanels* panels_ = nullptr;
};

}  // namespace matomari
