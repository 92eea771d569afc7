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

namespace matomari {

// What a screen left open.
struct Doubt {
  std::size_t rows = 0;     // that it did not decide
  std::size_t again = 0;    // of which so many were scored once more
  std::size_t float32 = 0;  // and so many in float32
  Doubt& operator+=(const Doubt& d) noexcept {
    rows += d.rows;
    again += d.again;
    float32 += d.float32;
    return *this;
  }
};

// Finds the nearest of k centroids for many rows: a screen with the argmin kept in registers, and where its margin does
// not exceed the error bound, float64 over the centroids that could still win. Ties go to the lowest index.
//
// The screen is float32, bf16 or int8. It changes speed, never a label. It keeps the two best scores of each SIMD lane, which
// name the candidates of nearly every row in doubt; where a lane may hide another, the row is scored once more against the
// bound of every single centroid, and where very many candidates remain, by the float32 screen.
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
    // A row that the screen did not settle: the true score of the winner is at most `limit`.
    struct Open {
      std::size_t row;
      double limit;
      bool sharp;  // the candidates are what a float32 screen has left
      Extent extent;
      std::vector<Candidate> candidates;
    };
    core::Buffer<float> rows, best, second, stored, limits;
    core::Buffer<std::int32_t> index;
    std::vector<simd::Least> least;
    std::vector<Extent> extent;
    RowBlock block, open_block;
    core::Buffer<std::uint64_t> hits;
    std::vector<Open> open, pending, ready;  // for the screen once more, for the float32 one, and for float64
    std::size_t opened = 0, waiting = 0, readied = 0;
    Doubt doubt;
    std::vector<const float*> left;
    std::vector<const double*> right;
    std::vector<const float*> compared;
    core::Buffer<float> row, products;  // a row, and its products with as many centroids as a screen may leave
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
  static constexpr std::size_t kSets = 8;      // of lanes at most: panels take turns, so that fewer candidates share a lane
  static constexpr std::size_t kFew = 48;      // candidates of a row that float64 takes without another screen

  struct Low {
    Low(const simd::ScreenKernels& kernels, Metric metric, std::size_t clusters, std::size_t d)
        : k(kernels), bound(kernels, metric, d), panels(kernels, bound, clusters, d),
          panel_count((clusters + kernels.panel - 1) / kernels.panel), depth((d + kernels.per_group - 1) / kernels.per_group) {}
    const simd::ScreenKernels& k;
    ScreenBound bound;
    ScreenPanels panels;
    std::size_t panel_count, depth;
    Extent widest;
    double highest = 0;
  };
  // The best of each lane of row i, within set `set`.
  std::size_t lanes_of(std::size_t set, std::size_t i) const noexcept { return (set * kBlock + i) * k_.lanes; }
  simd::Best set_of(Scratch& s, std::size_t panel) const noexcept {
    const std::size_t at = lanes_of(panel % sets_, 0);
    return {s.best.data() + at, s.second.data() + at, s.index.data() + at};
  }

  void refill(core::Context& ctx);
  Extent pack_float(const Rows& rows, std::size_t row, float* out) const;
  simd::ScreenRows block(const Rows& rows, std::size_t first, std::size_t count, Scratch& scratch) const;
  void reset(Scratch& scratch, std::size_t rows) const;
  void reduce(Scratch& scratch, std::size_t rows) const;
  template <class Interval>
  bool gather(const Scratch& scratch, std::size_t i, double others, Interval&& interval, Scratch::Open& open) const;
  void screen_float(const core::Context& ctx, const Rows& rows, std::size_t begin, std::size_t end, std::int32_t* labels,
                    Margins margins, Scratch& scratch) const;
  void recheck(const core::Context& ctx, const Rows& rows, std::int32_t* labels, Margins margins, Scratch& scratch) const;
  void screen_low(const core::Context& ctx, const Rows& rows, std::size_t begin, std::size_t end, std::int32_t* labels,
                  Margins margins, Scratch& scratch) const;
  void narrow(const core::Context& ctx, const Rows& rows, std::int32_t* labels, Margins margins, Scratch& scratch) const;
  void decide(const Rows& rows, std::int32_t* labels, Margins margins, Scratch& scratch) const;
  double sharpen(const Rows& rows, Scratch::Open& open, Scratch& scratch) const;
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
  std::size_t sets_ = 1;
  core::Buffer<float> narrow_;           // [clusters × leading(d)]: the centroids of panels_, row by row
  core::Buffer<double> wide_;            // centroids in float64: copied from float32, or brought to length 1
  const double* centroids_ = nullptr;    // [k × d]
  const float* exact_centroids_ = nullptr;  // the float32 centroids, where labels are to be exact
  Extent widest_;
  double highest_ = 0;
};

// Candidates of row i from the best of each lane; `interval(j, score)` gives the lowest and the highest true value of a score
// of centroid j. False where the second best of a lane, less `others`, might be one too.
template <class Interval>
bool CentroidSearch::gather(const Scratch& s, std::size_t i, double others, Interval&& interval, Scratch::Open& open) const {
  const float reach = at_least(open.limit + others);
  if (!(s.least[i].hidden > reach)) return false;
  for (std::size_t set = 0; set < sets_; ++set)
    for (std::size_t v = lanes_of(set, i); v < lanes_of(set, i) + k_.lanes; ++v) {
      if (s.best[v] > reach) continue;
      const auto [low, high] = interval(static_cast<std::size_t>(s.index[v]), static_cast<double>(s.best[v]));
      if (low > open.limit) continue;
      open.limit = std::min(open.limit, high);
      open.candidates.push_back({s.index[v], low});
    }
  // Ties go to the lowest index: candidates stand in its order.
  std::sort(open.candidates.begin(), open.candidates.end(), [](const auto& a, const auto& b) { return a.index < b.index; });
  return true;
}

}  // namespace matomari
