#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/context.h"
#include "core/view.h"
#include "kmeans/centroid_update.h"
#include "kmeans/few.h"
#include "kmeans/label_bounds.h"
#include "kmeans/rivals.h"
#include "nearest/centroid_search.h"
#include "nearest/screen_choice.h"

namespace matomari {

// Labels of all rows of a fit, pass after pass. Rows are packed once for the screen. Rows that are proven to keep their label
// are not looked at. Others are by `Few` or `Rivals`, by the number of clusters, where int8 products run, and what these leave open, or
// elsewhere all, by `CentroidSearch`; the labels are the same.
class Assignment {
 public:
  // points, inverse_norm [rows] (cosine only) and mean [cols]: kept by reference.
  Assignment(core::Context& ctx, const simd::Kernels& k, core::ConstMatrix points, const double* inverse_norm, const float* mean,
             std::size_t clusters, ScreenWish wish);

  // Forgets what earlier passes have found, for a new run.
  void reset();
  // Sets the centroids: float64 [clusters × cols], or the float32 ones that are returned. Kept by pointer.
  template <class Centroids>
  void aim(Centroids centroids);
  // labels[i] of every row, from its label in `previous`, −1 for none. `update` (or null) is told of those that move.
  void assign(const std::int32_t* previous, std::int32_t* labels, CentroidUpdate* update);

  const PackedRows* packed() const noexcept { return packed_.get(); }
  simd::Screen screen() const noexcept { return search_->screen(); }
  // The share of all rows since `reset` that the screen, or both layers, did not decide.
  double rechecked_share() const noexcept { return static_cast<double>(rechecked_) / static_cast<double>(screened_); }

 private:
  struct Pass {
    Doubt doubt;
    std::size_t looked_at = 0, left = 0;  // rows, and those of them that both layers left open
    std::vector<std::uint32_t> rows, open;
    std::vector<Move> moves;
    std::unique_ptr<CentroidSearch::Scratch> search;
    std::unique_ptr<Rivals::Scratch> rivals;
  };
  CentroidSearch::Rows rows() const noexcept { return {points_, inverse_norm_, packed_.get()}; }
  void use(simd::Screen screen, const PackedRows::Visit& visit = nullptr);
  bool choose_finer();
  void drop_layers();
  Metric metric() const noexcept { return inverse_norm_ ? Metric::cosine : Metric::sqeuclidean; }
  bool layered() const noexcept { return few_ || rivals_; }

  core::Context& ctx_;
  const simd::Kernels& k_;
  core::ConstMatrix points_;
  const double* inverse_norm_;
  const float* mean_;
  std::size_t clusters_;
  ScreenWish wish_;
  LabelBounds bounds_;
  std::unique_ptr<CentroidSearch> search_;
  std::unique_ptr<PackedRows> packed_;
  std::unique_ptr<RowLayers> second_;
  std::unique_ptr<Few> few_;
  std::unique_ptr<Rivals> rivals_;
  std::vector<Pass> passes_;  // of each thread
  Doubt doubt_;               // of the last pass,
  std::size_t looked_at_ = 0, left_ = 0;
  std::size_t rechecked_ = 0, screened_ = 0;
};

template <class Centroids>
void Assignment::aim(Centroids centroids) {
  do search_->set(ctx_, centroids);
  while (choose_finer());
  if (few_) few_->set(search_->centroids(), mean_);
  if (rivals_) rivals_->set(ctx_, search_->centroids(), mean_, *search_->panels());
}

}  // namespace matomari
