// weightedMean on the device. Vectors are wanted once: some rows are added to the sums while the next are on their way, with the
// weights that belong to them. Where the sums of all columns do not fit, the rows come once more for the others.
#include <algorithm>

#include "cuda/feeder.h"
#include "cuda/operations.h"
#include "cuda/prepare.h"
#include "cuda/weighted_sums.h"

namespace matomari::cuda {

namespace {

// How much is on the device at once: columns of the weights, rows of a block, and the most entries that these columns have in a
// block.
struct Cut {
  std::size_t columns, rows, entries;
};

class WeightedMean {
 public:
  WeightedMean(const MatomariCudaJob& job, const MatomariCudaWeightedMean& a)
      : a_(a), session_(a.device, job), cut_(cut_for(session_.available() / 16 * 15)),
        pieces_((a.block_rows + cut_.rows - 1) / cut_.rows), turns_((a.blocks - 1) * pieces_ + (last_rows() + cut_.rows - 1) / cut_.rows),
        groups_((a.columns + cut_.columns - 1) / cut_.columns), bad_(session_, 1), sums_(session_, cut_.columns * a.cols),
        totals_(session_, cut_.columns * weighted_strips(a.cols)), out_(session_, cut_.columns * a.cols),
        slots_{{session_, cut_, a.cols}, {session_, cut_, a.cols}},
        feeder_(session_, turns_ * groups_, [this](std::size_t turn, const Feeder::Put& put) { bring(turn, put); }) {}

  void run() {
    bad_.clear(1);
    for (std::size_t turn = 0; turn < turns_ * groups_; ++turn) {
      const Part p = part(turn);
      if (turn % turns_ == 0) {
        sums_.clear(p.columns * a_.cols);
        totals_.clear(p.columns * weighted_strips(a_.cols));
      }
      feeder_.arrive();
      add(slots_[turn % 2], p, turn < turns_);
      feeder_.leave();
      if (turn % turns_ + 1 == turns_) give(p, turn < turns_);
      session_.progress("weightedMean", turn + 1, turns_ * groups_);
    }
  }

 private:
  struct Slot {
    Slot(const Session& session, const Cut& cut, std::size_t d)
        : vectors(session, cut.rows * d), entries(session, cut.entries), ends(session, cut.columns + 1) {}
    DeviceBuffer<float> vectors;
    DeviceBuffer<simd::WeightedRow> entries;
    DeviceBuffer<std::size_t> ends;
  };
  // Some rows of a block with some columns of the weights.
  struct Part {
    std::size_t block, first, rows, column, columns;
  };

  std::size_t last_rows() const noexcept { return a_.rows - (a_.blocks - 1) * a_.block_rows; }
  const std::size_t* ends_of(std::size_t block) const noexcept { return a_.ends + block * (a_.columns + 1); }

  Cut cut_for(std::size_t available) const {
    const std::size_t d = a_.cols, row = d * sizeof(float);
    Cut cut{rows_at_once(a_.columns), rows_at_once(std::clamp<std::size_t>(std::min(kPieceBytes, available / 8) / row, 1, a_.block_rows)), 0};
    for (;; cut.columns = (cut.columns + 1) / 2) {
      cut.entries = 0;
      for (std::size_t b = 0; b < a_.blocks; ++b)
        for (std::size_t j = 0; j < a_.columns; j += cut.columns)
          cut.entries = std::max(cut.entries, ends_of(b)[std::min(a_.columns, j + cut.columns)] - ends_of(b)[j]);
      const std::size_t entry_bytes = cut.entries * sizeof(simd::WeightedRow);
      const std::size_t slots = 2 * (cut.rows * row + entry_bytes + (cut.columns + 1) * sizeof(std::size_t));
      const std::size_t sums = cut.columns * (d * (sizeof(double) + sizeof(float)) + weighted_strips(d) * sizeof(double));
      if (cut.columns == 1 || (entry_bytes <= kPieceBytes && slots + sums <= available)) return cut;
    }
  }

  Part part(std::size_t turn) const noexcept {
    const std::size_t within = turn % turns_, block = std::min(within / pieces_, a_.blocks - 1), first = (within - block * pieces_) * cut_.rows;
    const std::size_t rows = block + 1 == a_.blocks ? last_rows() : a_.block_rows, column = turn / turns_ * cut_.columns;
    return {block, first, std::min(cut_.rows, rows - first), column, std::min(cut_.columns, a_.columns - column)};
  }

  void bring(std::size_t turn, const Feeder::Put& put) const {
    const Part p = part(turn);
    const Slot& slot = slots_[turn % 2];
    const std::size_t* const ends = ends_of(p.block) + p.column;
    put(slot.vectors.data(), a_.vectors + (p.block * a_.block_rows + p.first) * a_.cols, p.rows * a_.cols * sizeof(float));
    put(slot.entries.data(), a_.entries + ends[0], (ends[p.columns] - ends[0]) * sizeof(simd::WeightedRow));
    put(slot.ends.data(), ends, (p.columns + 1) * sizeof(std::size_t));
  }

  void add(const Slot& slot, const Part& p, bool new_rows) const {
    const std::size_t* const ends = ends_of(p.block) + p.column;
    if (new_rows) find_not_finite(session_, slot.vectors.data(), p.rows * a_.cols, bad_.data());
    session_.pace(0, static_cast<double>(ends[p.columns] - ends[0] + 4 * p.columns) * static_cast<double>(a_.cols) * sizeof(float));
    add_weighted(session_, {slot.entries.data(), slot.ends.data(), ends[0], p.columns, p.first, p.rows,
                            p.block + 1 == a_.blocks ? last_rows() : a_.block_rows, slot.vectors.data(), a_.cols},
                 sums_.data(), totals_.data());
  }

  void give(const Part& p, bool new_rows) const {
    if (new_rows) refuse_if(bad_);
    weighted_means(session_, sums_.data(), totals_.data(), p.columns, a_.cols, out_.data());
    out_.download(a_.out + p.column * a_.cols, p.columns * a_.cols);
  }

  const MatomariCudaWeightedMean& a_;
  Session session_;
  Cut cut_;
  std::size_t pieces_, turns_, groups_;  // of a block; for all rows; of columns
  DeviceBuffer<unsigned> bad_;
  DeviceBuffer<double> sums_, totals_;
  DeviceBuffer<float> out_;
  Slot slots_[2];
  Feeder feeder_;
};

}  // namespace

int weighted_mean(const MatomariCudaJob* job, MatomariCudaWeightedMean* arguments, MatomariCudaError* error) {
  return guarded(error, [&] { WeightedMean(*job, *arguments).run(); });
}

}  // namespace matomari::cuda
