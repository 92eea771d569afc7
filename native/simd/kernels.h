#pragma once
#include <cstddef>
#include <cstdint>

// The inner loops. One body (kernels.inl) is compiled once per instruction set; an operation takes the table of the
// level it is to run at and calls through it. Kernels check nothing, allocate nothing and never fail.
//
// Float32 kernels only ever screen: their rounding differs from level to level, and each caller adds a bound on it.
// Float64 kernels add exact products of float32 numbers in one fixed order, or single correctly rounded operations, so
// that they give equal bits on every level, fused multiply-add or not.
namespace matomari::simd {

enum class Level { scalar, avx2, avx512, neon };

// Where a panel leaves what it finds of each row: in each SIMD lane the lowest score of all panels that share the slot, and in
// `hidden` the lowest of the scores that no slot of the row holds. Both are of the first row; rows lie `ld` numbers apart.
//
// Which column a score belongs to stands in its lowest bits, so that no index has to be kept beside it: those outside `keep`
// are replaced by `tag` + v for vector v of the panel.
struct Slot {
  float* hidden;
  float* lowest;
  std::size_t ld;
  std::int32_t keep, tag;
  bool fresh;  // the slot holds nothing yet
};

// What the slots know of a row: the lowest score and where among their numbers it stands, the lowest of all others, and the
// lowest that is hidden.
struct Least {
  float best, second, hidden;
  std::int32_t at;
};

// The forces of a UMAP layout. Attraction and repulsion along the difference of two points at squared distance D are
// `attraction` · D^b / (D · (1 + a·D^b)) and `repulsion` / ((0.001 + D) · (1 + a·D^b)).
struct Forces {
  float a, b, attraction, repulsion;
  float alpha;  // the step: the share of a force by which a point moves
  int pushes;   // random points that repel, for each spring that pulls
};

inline constexpr int kLayoutBlock = 16;  // points moved at once: a multiple of every level's lanes

// Sixteen points and the springs that fire on each, in order.
struct Springs {
  const float* start;           // [dims × 16]: where they were when the round began: springs pull from here
  float* own;                   // [dims × 16]: where they are, and random rows push from; where they have moved to
  const std::int32_t* targets;  // [springs × 16]: the rows that pull, for lane l the first counts[l]; any row beyond
  const std::int32_t* counts;   // [16]
  const std::int32_t* self;     // [16]: their own rows, which do not repel them, or −1
  const std::uint32_t* keys;    // [16]: what their random rows depend on, beside round_key and drawn
  std::uint32_t round_key, drawn;
};

// A row of a matrix and what it weighs.
struct WeightedRow {
  std::uint32_t row;
  float weight;
};

// So many steps of depth before its turn a tile fetches a panel. Twelve are enough for what the second-level cache holds; panels
// of 20,000 targets come from the third, and took 2 to 3 % longer so. With 64 small ones do.
inline constexpr int kStepsAhead = 32;

// So many rows ahead of the one that is added are fetched: their numbers must be readable behind the last one.
inline constexpr std::size_t kRowsAhead = 16;

struct Kernels {
  Level level;
  const char* name;

  // Rounding steps that one multiply-add costs: 1 where it is fused, 2 where not.
  int roundings;
  // Lanes of a float32 vector.
  std::size_t lanes;
  // Rows that a tile takes at once: callers pad rows to a multiple.
  std::size_t row_tile;
  // Columns of a whole float32 panel: a few vectors of lanes.
  std::size_t panel;
  // Rows of a float64 tile and columns of a float64 panel.
  std::size_t row_tile64, panel64;
  // Columns that `few` takes at once.
  std::size_t few;
  // Columns that `add_weighted64` takes at once.
  std::size_t sum_width;

  // score[r, j] = offset[j] − x[r] · panel[:, j], folded into the slot. x: [rows × ld], rows a multiple of row_tile;
  // panel: [depth × width]; offset: [width]; width: a multiple of lanes, at most `panel`.
  void (*score_best)(const float* x, std::size_t ld, std::size_t rows, const float* panel, std::size_t width,
                     std::size_t depth, const float* offset, const Slot& slot) noexcept;
  // Puts the slots of each row together. found: [rows × ld], a row's hidden scores and behind them its slots. out: [rows].
  void (*least)(const float* found, std::size_t ld, std::size_t slots, std::size_t rows, Least* out) noexcept;
  // The places of the numbers v[n] that are not above the limit, in order; returns how many. n: a multiple of lanes.
  std::size_t (*not_above)(const float* v, std::size_t n, float limit, std::int32_t* out) noexcept;
  // The same scores, stored: out is [rows × width].
  void (*score_store)(const float* x, std::size_t ld, std::size_t rows, const float* panel, std::size_t width,
                      std::size_t depth, const float* offset, float* out) noexcept;
  // out[r, j] = x[r] · c[j] for j < few. x: [rows × ld], c: [few × ld], out: [rows × few]; zero-padded to lanes in depth.
  void (*dot_few)(const float* x, const float* c, std::size_t ld, std::size_t rows, std::size_t depth,
                  float* out) noexcept;
  // out[j] = x · c[j] for j below `count`.
  void (*dot_each)(const float* x, const float* const* c, std::size_t count, std::size_t depth, float* out) noexcept;
  // product[p] = Σ x[p][l] · y[p][l] and square[p] = Σ x[p][l]² in float64, added in any order.
  void (*unordered64)(const float* const* x, const float* const* y, std::size_t pairs, std::size_t d, double* product,
                      double* square) noexcept;
  // out[l] = x[l] · scale − shift[l] (two roundings); returns Σ out² in float32, in any order.
  float (*center)(const float* x, const float* shift, float scale, std::size_t d, float* out) noexcept;
  // Copies x[n] to out; returns whether all are finite numbers.
  bool (*copy_finite)(const float* x, std::size_t n, float* out) noexcept;
  // out[r, j] (+)= Σ x[r, l] · panel[l, j] in order of l, float64. x: [rows × ld]; out: [rows × out_ld], panel64 columns.
  void (*dot64)(const float* x, std::size_t ld, std::size_t rows, const double* panel, std::size_t depth, double* out,
                std::size_t out_ld, bool add) noexcept;
  // The same for rows that stand in float64, interleaved: x: [tiles][depth][row_tile64], out: [tiles × row_tile64 × panel64].
  void (*tile64)(const double* x, std::size_t tiles, const double* panel, std::size_t depth, double* out) noexcept;
  // sum[l] += weight · x[l] in float64, l below d.
  void (*add_scaled64)(const float* x, double weight, std::size_t d, double* sum) noexcept;
  // For column j below `columns`, over the entries from ends[j − 1] to ends[j], in order, in float64:
  // sum[j, l] += weight · x[row, l] and total[j] += weight. x: [rows × sum_width]; sum: [columns × sum_width].
  void (*add_weighted64)(const float* x, const WeightedRow* entries, const std::size_t* ends, std::size_t columns,
                         double* sum, double* total) noexcept;
  // sum[l] ±= round(x[l] · factor · scale[l]) as 64-bit integers.
  void (*add_fixed)(const float* x, double factor, const double* scale, std::size_t d, std::int64_t* sum,
                    bool subtract) noexcept;
  // The same, from one sum to another.
  void (*move_fixed)(const float* x, double factor, const double* scale, std::size_t d, std::int64_t* from,
                     std::int64_t* to) noexcept;
  // Copies `columns` of each row of x [rows × ld] to out [rows × out_ld], past the caches where the level can.
  void (*stream)(const float* x, std::size_t ld, std::size_t rows, std::size_t columns, float* out,
                 std::size_t out_ld) noexcept;
  // Sums in order of l over `pairs` pairs of vectors [d], each operation rounded by itself: out[p] = Σ x[p][l] · y[p][l].
  void (*products64)(const float* const* x, const float* const* y, std::size_t pairs, std::size_t d, double* out) noexcept;
  // Σ (x[p][l] − y[p][l])².
  void (*differences64)(const float* const* x, const float* const* y, std::size_t pairs, std::size_t d, double* out) noexcept;
  // Σ x[p][l] · y[p][l].
  void (*wide_products64)(const float* const* x, const double* const* y, std::size_t pairs, std::size_t d, double* out) noexcept;
  // Σ (x[p][l] · scale[p] − y[p][l])²; without a scale where it is null.
  void (*wide_differences64)(const float* const* x, const double* scale, const double* const* y, std::size_t pairs,
                             std::size_t d, double* out) noexcept;
  // Moves sixteen points by their springs and by random rows of positions [points × dims]. Float32, each operation
  // rounded by itself in one order. scratch: [4 × dims × lanes], aligned to 64 bytes.
  void (*push_and_pull)(const Forces& f, const float* positions, std::uint32_t points, std::size_t dims,
                        const Springs& s, float* scratch) noexcept;

  // Blocks of eight float64 columns (block64.inl), all sums in order of the rows or entries.
  // out[c] = Σ values[e] · block[indices[e], c].
  void (*gather64)(const std::int32_t* indices, const float* values, std::size_t count, const double* block,
                   double* out) noexcept;
  // gram[c, d] = Σ x[i, c] · y[i, d]. gram: [8 × 8].
  void (*cross64)(const double* x, const double* y, std::size_t rows, double* gram) noexcept;
  // z[i, d] += Σ x[i, c] · mix[c, d], the sum first. mix: [8 × 8].
  void (*mix64)(const double* x, const double* mix, std::size_t rows, double* z) noexcept;
};

// The table of a level, or null when this machine (or build) lacks it.
const Kernels* kernels(Level level) noexcept;
// The best this machine has.
const Kernels& best_kernels() noexcept;

}  // namespace matomari::simd
