#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/buffer.h"
#include "core/context.h"
#include "core/exact_sum.h"
#include "core/view.h"
#include "nearest/panels.h"
#include "nearest/screen_panels.h"
#include "nearest/slots.h"

namespace matomari {

// What a screen left open.
struct Doubt {
  std::size_t rows = 0;     // that it did not decide
  std::size_t float32 = 0;  // of which so many were scored against all centroids in float32
  Doubt& operator+=(const Doubt& d) noexcept {
    rows += d.rows;
    float32 += d.float32;
    return *this;
  }
};

// Finds the nearest of k centroids for many rows: a screen with the argmin kept in registers, and where its margin does
// not exceed the error bound, float64 over the centroids that could still win. Ties go to the lowest index.
//
// The screen is float32, bf16 or int8. It changes speed, never a label. It keeps the lowest score of each SIMD lane in several slots, and the
// lowest that they hide. The slots name the candidates of a row in doubt; where a hidden score might be one too, all centroids that share a
// slot with a candidate are. Below float32 a row in doubt looks at its best centroid in float32 first, which rules out most others. Where
// very many candidates remain, the float32 screen takes the row.
//
// With float64 centroids (inside a fit) the label is the argmin of the float64 values in index order. With float32
// centroids it is the argmin in real arithmetic for the euclidean metrics and `dot`: where float64 cannot tell two
// centroids apart, exact sums decide. For cosine, centroids are brought to length 1 in float64 first.
class CentroidSearch {
 public:
  // `shift`: any float32 vector [d] near the mean of the data; null for none. It changes speed, never a label.
  CentroidSearch(const simd::Kernels& k, Metric metric, std::size_t clusters, std::size_t d, const float* shift,
                 simd::Screen screen = simd::Screen::f32);

  // Sets the centroids. For cosine none may be zero. Kept by pointer: they must outlive the search.
  void set(core::Context& ctx, const double* centroids);
  void set(core::Context& ctx, core::ConstMatrix centroids);

  // The screen in use: f32 where the one asked for is not to be had.
  simd::Screen screen() const noexcept { return low_ ? low_->k.screen : simd::Screen::f32; }
  // The rows packed for that screen, to be given to `assign` pass after pass; null for float32.
  std::unique_ptr<PackedRows> pack(core::Context& ctx, core::ConstMatrix points, const double* inverse_norm,
                                   const PackedRows::Visit& visit = nullptr) const;
  // The centroids as that screen has them; null for float32.
  const ScreenPanels* panels() const noexcept { return low_ ? &low_->panels : nullptr; }
  std::size_t clusters() const noexcept { return clusters_; }
  std::size_t cols() const noexcept { return d_; }
  // [clusters × d]: what labels are decided by; for cosine of length 1.
  const double* centroids() const noexcept { return centroids_; }

  // What one thread needs.
  class Scratch {
   public:
    explicit Scratch(const CentroidSearch& search);

   private:
    friend class CentroidSearch;
    struct Candidate {
      std::int32_t index;
      double low;  // its true score is no lower
    };
    // A row of a block that a screen has left in doubt: the true score of the best centroid is at most `high`. `excess` is what its
    // tile took off its scores beyond its own share.
    struct Doubtful {
      std::size_t row, best;
      double high;
      TileShare excess;
    };
    // A row that the screen did not settle: the true score of the winner is at most `limit`.
    struct Open {
      std::size_t row;
      double limit;
      Extent extent;
      std::vector<Candidate> candidates;
    };
    core::Buffer<float> rows, slots, stored;
    core::Buffer<std::int32_t> places;  // of a row's slots, those within reach
    std::vector<simd::Least> least;
    std::vector<Extent> extent;
    RowBlock block;
    std::vector<Open> pending, ready;  // for the float32 screen, and for float64
    std::size_t waiting = 0, readied = 0;
    Doubt doubt;
    std::vector<const float*> left;
    std::vector<const double*> right;
    std::vector<const float*> compared;
    core::Buffer<float> row, products;    // a row, and its products with as many centroids as are compared at once
    std::vector<Doubtful> doubtful;
    std::vector<double> value;
    core::ExactSum exact;
  };

  // What is known of distances beside the label: the own centroid is at most `upper` away, every other at least `lower`.
  // Both [points.rows]; null where they are not wanted.
  struct Margins {
    float* upper = nullptr;
    float* lower = nullptr;
  };
  struct Rows {
    core::ConstMatrix points;
    const double* inverse_norm = nullptr;  // [points.rows], 1/‖x‖, for cosine only
    const PackedRows* packed = nullptr;
    const std::uint32_t* ids = nullptr;  // rows ids[begin] … ids[end − 1] instead of begin … end − 1

    std::size_t id(std::size_t i) const noexcept { return ids ? ids[i] : i; }
  };

  // labels[i] for the rows of [begin, end).
  Doubt assign(const core::Context& ctx, const Rows& rows, std::size_t begin, std::size_t end, std::int32_t* labels,
               Margins margins, Scratch& scratch) const;

 private:
  static constexpr std::size_t kBlock = 96;    // rows screened at once: a multiple of every row_tile
  static constexpr std::size_t kRecheck = 48;  // rows rechecked at once
  static constexpr std::size_t kAhead = 3;     // rows that are fetched before they are wanted

  struct Low {
    Low(const simd::ScreenKernels& kernels, Metric metric, std::size_t clusters, std::size_t d)
        : k(kernels), bound(kernels, metric, d), panels(kernels, bound, clusters, d),
          panel_count((clusters + kernels.panel - 1) / kernels.panel), depth((d + kernels.per_group - 1) / kernels.per_group) {}
    const simd::ScreenKernels& k;
    ScreenBound bound;
    ScreenPanels panels;
    std::size_t panel_count, depth;
    Extent widest, least;  // the most of each, and the least, of all centroids
    double highest = 0;
  };

  // Asks for a row that will be read soon.
  void fetch(const float* row) const noexcept {
    for (std::size_t l = 0; l < d_; l += 16) __builtin_prefetch(row + l);
  }
  const float* narrow(std::size_t j) const noexcept { return narrow_.data() + j * leading(d_); }

  void refill(core::Context& ctx);
  Extent pack_float(const Rows& rows, std::size_t row, float* out) const;
  simd::ScreenRows block(const Rows& rows, std::size_t first, std::size_t count, Scratch& scratch) const;
  void reset(Scratch& scratch, std::size_t rows) const;
  void reduce(Scratch& scratch, std::size_t rows) const;
  template <class Lowest>
  bool gather(Scratch& scratch, std::size_t i, double others, Lowest&& lowest, Scratch::Open& open) const;
  void screen_float(const core::Context& ctx, const Rows& rows, std::size_t begin, std::size_t end, std::int32_t* labels,
                    Margins margins, Scratch& scratch) const;
  void recheck(const core::Context& ctx, const Rows& rows, std::int32_t* labels, Margins margins, Scratch& scratch) const;
  void screen_low(const core::Context& ctx, const Rows& rows, std::size_t begin, std::size_t end, std::int32_t* labels,
                  Margins margins, Scratch& scratch) const;
  void decide(const Rows& rows, std::int32_t* labels, Margins margins, Scratch& scratch) const;
  double others_of(const Scratch::Doubtful& row, const Extent& x) const noexcept;
  bool look_closer(const Rows& rows, const Scratch::Doubtful& row, std::int32_t* labels, Margins margins, Scratch::Open& open, Scratch& scratch) const;
  double sharpen(Scratch::Open& open, std::size_t unscored, Scratch& scratch) const;
  void values(Scratch& scratch) const;
  double square_above(const Extent& x, double score) const noexcept;
  double square_below(const Extent& x, double score) const noexcept;
  static void note(Margins margins, std::size_t row, double own, double other) noexcept;
  std::size_t leading(std::size_t d) const noexcept { return d + 16; }  // avoids rows 4 KiB apart
  static Scratch::Open& push(std::vector<Scratch::Open>& list, std::size_t& used);
  static void hand_on(std::vector<Scratch::Open>& from, std::size_t& used, std::vector<Scratch::Open>& to, std::size_t& there);

  const simd::Kernels& k_;
  Metric metric_;
  std::size_t clusters_, d_;
  core::Buffer<float> shift_;
  ScoreBound bound_;
  Panels panels_;
  std::size_t panel_count_;
  std::unique_ptr<Low> low_;
  Slots slots_;
  std::size_t few_;  // candidates of a row that are looked at one by one, which takes as long as thirty in a screen
  core::Buffer<float> narrow_;           // [clusters × leading(d)]: the centroids of panels_, row by row
  core::Buffer<double> wide_;            // centroids in float64: copied from float32, or brought to length 1
  const double* centroids_ = nullptr;    // [k × d]
  const float* exact_centroids_ = nullptr;  // the float32 centroids, where labels are to be exact
  Extent widest_;
  double highest_ = 0;
};

// Candidates of row i from its slots, in any order; `lowest(j, score)` gives the lowest true value of a score of centroid j, which lies
// at most `others` below. Where a hidden score might be one too, so might all that share a lane of a slot with a candidate. False where
// there are too many.
template <class Lowest>
bool CentroidSearch::gather(Scratch& s, std::size_t i, double others, Lowest&& lowest, Scratch::Open& open) const {
  const float reach = slots_.tagged(open.limit + others);
  const float* const hidden = s.slots.data() + i * slots_.ld();
  const float* const slots = hidden + k_.lanes;
  const std::size_t found = k_.not_above(slots, slots_.size(), reach, s.places.data());
  for (std::size_t n = 0; n < found; ++n) {
    const auto place = static_cast<std::size_t>(s.places[n]);
    const std::size_t j = slots_.column(slots[place], place);
    const double low = lowest(j, slots_.untagged(slots[place]));
    if (!(low > open.limit)) open.candidates.push_back({static_cast<std::int32_t>(j), low});
    // What a slot hides lies above what it holds.
    const float next = hidden[place % k_.lanes];
    if (next > reach) continue;
    if (open.candidates.size() + slots_.sharing(clusters_) > few_) return false;
    slots_.each(place, clusters_, [&](std::size_t other) {
      if (other != j) open.candidates.push_back({static_cast<std::int32_t>(other), slots_.untagged(next).low - others});
    });
  }
  return true;
}

}  // namespace matomari
