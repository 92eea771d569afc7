#include "kmeans/assignment.h"

#include <algorithm>
#include <utility>

#include "core/parallel.h"

namespace matomari {

namespace {

// Whole blocks of the screens, few enough rows that those looked at in float32 are still near when they move, and that threads share
// them evenly. Not by the number of threads: rows that a kernel takes together share an error bound, and so the work that is left.
// `Few` fetches the rows behind a range ahead, which another thread may take instead: twice as many of a small matrix.
std::size_t grain_of(std::size_t rows, bool few) noexcept { return std::clamp<std::size_t>(rows / (few ? 16 : 32) / 96 * 96, 96, 960); }

bool has_layers(const simd::Kernels& k, std::size_t d) noexcept {
  return d >= 32 && d <= 65536 && simd::screen_kernels(simd::Screen::int8, k.level);
}

}  // namespace

Assignment::Assignment(core::Context& ctx, const simd::Kernels& k, core::ConstMatrix points, const double* inverse_norm, const float* mean,
                       std::size_t clusters, ScreenWish wish)
    : ctx_(ctx), k_(k), points_(points), inverse_norm_(inverse_norm), mean_(mean), clusters_(clusters), wish_(wish),
      bounds_(points.rows, clusters, points.cols) {
  const bool layers = clusters > 1 && has_layers(k, points.cols) && (wish == ScreenWish::automatic || wish == ScreenWish::int8);
  if (!layers) {
    use(choose_screen(k, wish, clusters, points.cols, true));
    return;
  }
  const bool few = Few::suits(clusters, points.cols);
  auto second = std::make_unique<RowLayers>(points.rows, points.cols, few);
  use(simd::Screen::int8, [&](const PackedRows& first, std::size_t row, const float* x, const Extent& extent) { second->pack(first, row, x, extent); });
  second_ = std::move(second);
  if (few)
    few_ = std::make_unique<Few>(metric(), clusters, points, *packed_, *second_);
  else
    rivals_ = std::make_unique<Rivals>(metric(), clusters, points.cols, *packed_, *second_);
}

void Assignment::reset() {
  bounds_.reset();
  rechecked_ = screened_ = 0;
}

void Assignment::drop_layers() {
  few_.reset();
  rivals_.reset();
  second_.reset();
}

// Takes another screen, and packs the rows for it.
void Assignment::use(simd::Screen screen, const PackedRows::Visit& visit) {
  passes_.clear();
  passes_.resize(ctx_.threads());
  drop_layers();
  packed_.reset();
  search_ = std::make_unique<CentroidSearch>(k_, metric(), clusters_, points_.cols, mean_, screen);
  packed_ = search_->pack(ctx_, points_, inverse_norm_, visit);
}

// Goes on with a finer screen where the last pass left too much open; before the first pass a sample tells. False where nothing changes.
bool Assignment::choose_finer() {
  if (wish_ != ScreenWish::automatic) return false;
  if (layered()) {
    if (left_ <= looked_at_ / 8) return false;
    drop_layers();
    looked_at_ = 0;
  }
  std::vector<std::int32_t> ignored(looked_at_ == 0 ? points_.rows : 0);
  const simd::Screen next = looked_at_ == 0 ? next_by_sample(ctx_, *search_, rows(), ignored.data())
                                            : next_screen(*search_, doubt_, std::exchange(looked_at_, 0));
  if (next == search_->screen()) return false;
  use(next);
  return true;
}

void Assignment::assign(const std::int32_t* previous, std::int32_t* labels, CentroidUpdate* update) {
  bounds_.follow(search_->centroids());
  if (update) update->open();
  core::parallel_for(ctx_, points_.rows, grain_of(points_.rows, few_ != nullptr), [&](std::size_t begin, std::size_t end, unsigned slot) {
    Pass& pass = passes_[slot];
    if (!pass.search) pass.search = std::make_unique<CentroidSearch::Scratch>(*search_);
    if (rivals_ && !pass.rivals) pass.rivals = std::make_unique<Rivals::Scratch>(*rivals_);
    bounds_.keep(begin, end, previous, labels, pass.rows);
    const std::vector<std::uint32_t>* open = &pass.rows;
    if (layered()) {
      pass.open.clear();
      if (few_)
        few_->assign(ctx_, pass.rows, previous, labels, bounds_.margins(), pass.open);
      else
        rivals_->assign(ctx_, pass.rows, previous, labels, bounds_, *pass.rivals, pass.open);
      open = &pass.open;
    }
    CentroidSearch::Rows some = rows();
    some.ids = open->data();
    pass.doubt += search_->assign(ctx_, some, 0, open->size(), labels, bounds_.margins(), *pass.search);
    if (layered()) pass.left += open->size();
    pass.looked_at += pass.rows.size();
    if (!update) return;
    pass.moves.clear();
    for (const std::uint32_t i : pass.rows)
      if (labels[i] != previous[i]) pass.moves.push_back({i, previous[i], labels[i]});
    update->note(slot, pass.moves);
  });
  if (update) update->collect();
  doubt_ = {};
  looked_at_ = left_ = 0;
  for (Pass& pass : passes_) {
    doubt_ += std::exchange(pass.doubt, {});
    looked_at_ += std::exchange(pass.looked_at, 0);
    left_ += std::exchange(pass.left, 0);
  }
  rechecked_ += layered() ? left_ : doubt_.rows;
  screened_ += points_.rows;
}

}  // namespace matomari
