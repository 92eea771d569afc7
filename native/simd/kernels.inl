// The kernel bodies, over the lane traits `Lanes` that the including file has defined in its own namespace. Included by
// one .cc per instruction set. Nothing with inline functions of the standard library may be used here: the linker could
// pick this copy, compiled with wide instructions, for the whole program.

#include "simd/unroll.inl"

using V = Lanes::V;
using D = Lanes::D;
constexpr int W = Lanes::width, WD = Lanes::width64;
constexpr int MR = Lanes::row_tile, NV = Lanes::panel_vectors, NR = NV * W;
constexpr int MR64 = Lanes::row_tile64, NV64 = Lanes::panel_vectors64, NR64 = NV64 * WD;
constexpr int NS = Lanes::sum_vectors;
constexpr int FR = Lanes::few_rows, FC = Lanes::few_columns;
constexpr float kNone = __FLT_MAX__;  // a score that every other one is below

// The product of MR rows with a panel of N vectors, in registers from first to last depth.
template <int N>
static inline __attribute__((always_inline)) void scores(const float* x, std::size_t ld, const float* panel,
                                                         std::size_t depth, const float* offset, V (&acc)[MR][N]) {
  rep<MR>([&](auto r) __attribute__((always_inline)) {
    rep<N>([&](auto v) __attribute__((always_inline)) { acc[r][v] = Lanes::load(offset + v * W); });
  });
  for (std::size_t l = 0; l < depth; ++l) {
    V b[N];
    rep<N>([&](auto v) __attribute__((always_inline)) {
      b[v] = Lanes::load(panel + v * W);
      __builtin_prefetch(panel + kStepsAhead * N * W + v * W);
    });
    rep<MR>([&](auto r) __attribute__((always_inline)) {
      const V a = Lanes::set1(x[static_cast<std::size_t>(r) * ld + l]);
      rep<N>([&](auto v) __attribute__((always_inline)) { acc[r][v] = Lanes::fnmadd(a, b[v], acc[r][v]); });
    });
    panel += N * W;
  }
}

// Folds a row's scores into what a slot holds of it.
template <int N>
static inline __attribute__((always_inline)) void fold(const V (&score)[N], const Slot& slot, std::size_t row) {
  float* const at_hidden = slot.hidden + row * slot.ld;
  float* const at_lowest = slot.lowest + row * slot.ld;
  V hidden = Lanes::load(at_hidden), lowest = slot.fresh ? Lanes::set1(kNone) : Lanes::load(at_lowest);
  rep<N>([&](auto v) __attribute__((always_inline)) {
    const V tagged = Lanes::tagged(score[v], slot.keep, slot.tag + v);
    hidden = Lanes::min(hidden, Lanes::max(tagged, lowest));
    lowest = Lanes::min(lowest, tagged);
  });
  Lanes::store(at_hidden, hidden);
  Lanes::store(at_lowest, lowest);
}

template <int N>
static void score_best_of(const float* x, std::size_t ld, std::size_t rows, const float* panel, std::size_t depth,
                          const float* offset, const Slot& slot) noexcept {
  for (std::size_t row = 0; row < rows; row += MR) {
    V acc[MR][N];
    scores<N>(x + row * ld, ld, panel, depth, offset, acc);
    rep<MR>([&](auto r) __attribute__((always_inline)) { fold<N>(acc[r], slot, row + r); });
  }
}

template <int N>
static void score_store_of(const float* x, std::size_t ld, std::size_t rows, const float* panel, std::size_t depth,
                           const float* offset, float* out) noexcept {
  for (std::size_t row = 0; row < rows; row += MR) {
    V acc[MR][N];
    scores<N>(x + row * ld, ld, panel, depth, offset, acc);
    rep<MR>([&](auto r) __attribute__((always_inline)) {
      rep<N>([&](auto v) __attribute__((always_inline)) { Lanes::store(out + (row + r) * N * W + v * W, acc[r][v]); });
    });
  }
}

static_assert(NV <= 4);
static void score_best(const float* x, std::size_t ld, std::size_t rows, const float* panel, std::size_t width,
                       std::size_t depth, const float* offset, const Slot& slot) noexcept {
  switch (width / W) {
    case 1: return score_best_of<1>(x, ld, rows, panel, depth, offset, slot);
    case 2: return score_best_of<(NV < 2 ? NV : 2)>(x, ld, rows, panel, depth, offset, slot);
    case 3: return score_best_of<(NV < 3 ? NV : 3)>(x, ld, rows, panel, depth, offset, slot);
    default: return score_best_of<NV>(x, ld, rows, panel, depth, offset, slot);
  }
}

static void score_store(const float* x, std::size_t ld, std::size_t rows, const float* panel, std::size_t width,
                        std::size_t depth, const float* offset, float* out) noexcept {
  switch (width / W) {
    case 1: return score_store_of<1>(x, ld, rows, panel, depth, offset, out);
    case 2: return score_store_of<(NV < 2 ? NV : 2)>(x, ld, rows, panel, depth, offset, out);
    case 3: return score_store_of<(NV < 3 ? NV : 3)>(x, ld, rows, panel, depth, offset, out);
    default: return score_store_of<NV>(x, ld, rows, panel, depth, offset, out);
  }
}

static void least(const float* found, std::size_t ld, std::size_t slots, std::size_t rows, Least* out) noexcept {
  const std::int32_t zeros[W] = {};
  const auto always = Lanes::less(Lanes::set1(0.0f), Lanes::set1(1.0f));
  const auto first = Lanes::select_index(always, Lanes::load_index(zeros), 0);
  // Read from W − 1 − l on, it raises lane l above all scores and leaves the others.
  float only[2 * W - 1];
  for (int l = 0; l < 2 * W - 1; ++l) only[l] = l == W - 1 ? kNone : -kNone;
  for (std::size_t row = 0; row < rows; ++row) {
    const float* const at = found + row * ld;
    const V hidden = Lanes::load(at);
    V b = Lanes::load(at + W), rest = hidden;
    auto from = first;
    for (std::size_t slot = 1; slot < slots; ++slot) {
      const V other = Lanes::load(at + (slot + 1) * W);
      from = Lanes::select_index(Lanes::less(other, b), from, static_cast<std::int32_t>(slot) * W);
      rest = Lanes::min(rest, Lanes::max(other, b));
      b = Lanes::min(b, other);
    }
    std::int32_t places[W];
    Lanes::store_index(places, from);
    const float best = Lanes::lowest(b);
    const int lane = __builtin_ctz(Lanes::not_above(b, Lanes::set1(best)));
    const V losers = Lanes::max(b, Lanes::load(only + W - 1 - lane));
    out[row] = {best, Lanes::lowest(Lanes::min(rest, losers)), Lanes::lowest(hidden), places[lane]};
  }
}

static std::size_t not_above(const float* v, std::size_t n, float limit, std::int32_t* out) noexcept {
  const V most = Lanes::set1(limit);
  std::size_t count = 0;
  for (std::size_t l = 0; l < n; l += W)
    for (unsigned found = Lanes::not_above(Lanes::load(v + l), most); found != 0; found &= found - 1)
      out[count++] = static_cast<std::int32_t>(l) + __builtin_ctz(found);
  return count;
}

template <int R>
static inline __attribute__((always_inline)) void dot_few_rows(const float* x, const float* c, std::size_t ld,
                                                               std::size_t depth, float* out) {
  V acc[R][FC];
  rep<R>([&](auto r) __attribute__((always_inline)) {
    rep<FC>([&](auto j) __attribute__((always_inline)) { acc[r][j] = Lanes::set1(0.0f); });
  });
  for (std::size_t l = 0; l < depth; l += W) {
    V a[R];
    rep<R>([&](auto r) __attribute__((always_inline)) { a[r] = Lanes::load(x + static_cast<std::size_t>(r) * ld + l); });
    rep<FC>([&](auto j) __attribute__((always_inline)) {
      const V b = Lanes::load(c + static_cast<std::size_t>(j) * ld + l);
      rep<R>([&](auto r) __attribute__((always_inline)) { acc[r][j] = Lanes::fmadd(a[r], b, acc[r][j]); });
    });
  }
  rep<R>([&](auto r) __attribute__((always_inline)) {
    rep<FC>([&](auto j) __attribute__((always_inline)) { out[r * FC + j] = Lanes::sum(acc[r][j]); });
  });
}

static void dot_few(const float* x, const float* c, std::size_t ld, std::size_t rows, std::size_t depth,
                    float* out) noexcept {
  std::size_t row = 0;
  for (; row + FR <= rows; row += FR) dot_few_rows<FR>(x + row * ld, c, ld, depth, out + row * FC);
  for (; row < rows; ++row) dot_few_rows<1>(x + row * ld, c, ld, depth, out + row * FC);
}

// M products with one row, each in N sums that do not wait for one another.
template <int M, int N>
static inline __attribute__((always_inline)) void dot_some(const float* x, const float* const* c, std::size_t depth, float* out) {
  V acc[M][N];
  rep<M>([&](auto m) __attribute__((always_inline)) {
    rep<N>([&](auto n) __attribute__((always_inline)) { acc[m][n] = Lanes::set1(0.0f); });
  });
  std::size_t l = 0;
  const auto step = [&](auto n) __attribute__((always_inline)) {
    const V a = Lanes::load(x + l);
    rep<M>([&](auto m) __attribute__((always_inline)) { acc[m][n] = Lanes::fmadd(a, Lanes::load(c[m] + l), acc[m][n]); });
    l += W;
  };
  while (l + N * W <= depth) rep<N>(step);
  while (l + W <= depth) step(Const<0>{});
  const V one = Lanes::set1(1.0f);
  rep<M>([&](auto m) __attribute__((always_inline)) {
    rep<N - 1>([&](auto n) __attribute__((always_inline)) { acc[m][0] = Lanes::fmadd(acc[m][n + 1], one, acc[m][0]); });
    float rest = 0;
    for (std::size_t at = l; at < depth; ++at) rest += x[at] * c[m][at];
    out[m] = Lanes::sum(acc[m][0]) + rest;
  });
}

static void dot_each(const float* x, const float* const* c, std::size_t count, std::size_t depth, float* out) noexcept {
  std::size_t j = 0;
  for (; j + 4 <= count; j += 4) dot_some<4, 1>(x, c + j, depth, out + j);
  if (j + 2 <= count) {
    dot_some<2, 2>(x, c + j, depth, out + j);
    j += 2;
  }
  if (j < count) dot_some<1, 4>(x, c + j, depth, out + j);
}

static void unordered64(const float* const* x, const float* const* y, std::size_t pairs, std::size_t d, double* product,
                        double* square) noexcept {
  constexpr int N = 4;  // sums that do not wait for one another
  constexpr std::size_t kAhead = 2;
  for (std::size_t p = 0; p < pairs; ++p) {
    const float *const a = x[p], *const b = y[p];
    const float* const next = y[p + kAhead < pairs ? p + kAhead : p];
    D xy[N], xx[N];
    rep<N>([&](auto n) __attribute__((always_inline)) { xy[n] = xx[n] = Lanes::set1d(0.0); });
    std::size_t l = 0;
    for (; l + N * WD <= d; l += N * WD) {
      for (std::size_t line = 0; line < N * WD; line += 16) __builtin_prefetch(next + l + line);
      rep<N>([&](auto n) __attribute__((always_inline)) {
        const D u = Lanes::widen(a + l + n * WD);
        xy[n] = Lanes::fmaddd(u, Lanes::widen(b + l + n * WD), xy[n]);
        xx[n] = Lanes::fmaddd(u, u, xx[n]);
      });
    }
    double each[2][WD];
    Lanes::stored(each[0], Lanes::addd(Lanes::addd(xy[0], xy[1]), Lanes::addd(xy[2], xy[3])));
    Lanes::stored(each[1], Lanes::addd(Lanes::addd(xx[0], xx[1]), Lanes::addd(xx[2], xx[3])));
    double sum[2] = {};
    for (std::size_t v = 0; v < WD; ++v) {
      sum[0] += each[0][v];
      sum[1] += each[1][v];
    }
    for (; l < d; ++l) {
      const double u = static_cast<double>(a[l]);
      sum[0] += u * static_cast<double>(b[l]);
      sum[1] += u * u;
    }
    product[p] = sum[0];
    square[p] = sum[1];
  }
}

static float center(const float* x, const float* shift, float scale, std::size_t d, float* out) noexcept {
  const V s = Lanes::set1(scale);
  V square = Lanes::set1(0.0f);
  std::size_t l = 0;
  for (; l + W <= d; l += W) {
    const V y = Lanes::sub(Lanes::mul(Lanes::load(x + l), s), Lanes::load(shift + l));
    Lanes::store(out + l, y);
    square = Lanes::fmadd(y, y, square);
  }
  float sum = Lanes::sum(square);
  for (; l < d; ++l) {
    const float y = x[l] * scale - shift[l];
    out[l] = y;
    sum += y * y;
  }
  return sum;
}

// Nought times a number that is not finite is NaN, which no addition takes away.
static bool copy_finite(const float* x, std::size_t n, float* out) noexcept {
  const V nought = Lanes::set1(0.0f);
  V sum = nought;
  std::size_t l = 0;
  for (; l + W <= n; l += W) {
    const V v = Lanes::load(x + l);
    Lanes::store(out + l, v);
    sum = Lanes::fmadd(v, nought, sum);
  }
  float rest = Lanes::sum(sum);
  for (; l < n; ++l) {
    out[l] = x[l];
    rest += x[l] * 0.0f;
  }
  return rest == 0;
}

template <int R>
static inline __attribute__((always_inline)) void dot64_rows(const float* x, std::size_t ld, const double* panel,
                                                             std::size_t depth, double* out, std::size_t out_ld, bool add) {
  D acc[R][NV64];
  rep<R>([&](auto r) __attribute__((always_inline)) {
    rep<NV64>([&](auto v) __attribute__((always_inline)) { acc[r][v] = Lanes::set1d(0.0); });
  });
  for (std::size_t l = 0; l < depth; ++l) {
    D b[NV64];
    rep<NV64>([&](auto v) __attribute__((always_inline)) { b[v] = Lanes::loadd(panel + v * WD); });
    rep<R>([&](auto r) __attribute__((always_inline)) {
      const D a = Lanes::set1d(static_cast<double>(x[static_cast<std::size_t>(r) * ld + l]));
      rep<NV64>([&](auto v) __attribute__((always_inline)) { acc[r][v] = Lanes::fmaddd(a, b[v], acc[r][v]); });
    });
    panel += NR64;
  }
  rep<R>([&](auto r) __attribute__((always_inline)) {
    rep<NV64>([&](auto v) __attribute__((always_inline)) {
      double* const at = out + static_cast<std::size_t>(r) * out_ld + v * WD;
      Lanes::stored(at, add ? Lanes::addd(Lanes::loadd(at), acc[r][v]) : acc[r][v]);
    });
  });
}

static void dot64(const float* x, std::size_t ld, std::size_t rows, const double* panel, std::size_t depth, double* out,
                  std::size_t out_ld, bool add) noexcept {
  std::size_t row = 0;
  for (; row + MR64 <= rows; row += MR64) dot64_rows<MR64>(x + row * ld, ld, panel, depth, out + row * out_ld, out_ld, add);
  for (; row < rows; ++row) dot64_rows<1>(x + row * ld, ld, panel, depth, out + row * out_ld, out_ld, add);
}

static void tile64(const double* x, std::size_t tiles, const double* panel, std::size_t depth, double* out) noexcept {
  for (std::size_t t = 0; t < tiles; ++t) {
    D acc[MR64][NV64];
    rep<MR64>([&](auto r) __attribute__((always_inline)) {
      rep<NV64>([&](auto v) __attribute__((always_inline)) { acc[r][v] = Lanes::set1d(0.0); });
    });
    const double* column = panel;
    for (std::size_t l = 0; l < depth; ++l) {
      D b[NV64];
      rep<NV64>([&](auto v) __attribute__((always_inline)) {
        b[v] = Lanes::loadd(column + v * WD);
        __builtin_prefetch(column + 12 * NR64 + v * WD);
      });
      rep<MR64>([&](auto r) __attribute__((always_inline)) {
        const D a = Lanes::set1d(x[r]);
        rep<NV64>([&](auto v) __attribute__((always_inline)) { acc[r][v] = Lanes::fmaddd(a, b[v], acc[r][v]); });
      });
      column += NR64;
      x += MR64;
    }
    rep<MR64>([&](auto r) __attribute__((always_inline)) {
      rep<NV64>([&](auto v) __attribute__((always_inline)) { Lanes::stored(out + r * NR64 + v * WD, acc[r][v]); });
    });
    out += MR64 * NR64;
  }
}

static void add_scaled64(const float* x, double weight, std::size_t d, double* sum) noexcept {
  const D w = Lanes::set1d(weight);
  std::size_t l = 0;
  for (; l + WD <= d; l += WD)
    Lanes::stored(sum + l, Lanes::fmaddd(w, Lanes::widen(x + l), Lanes::loadd(sum + l)));
  for (; l < d; ++l) sum[l] += weight * static_cast<double>(x[l]);
}

static void add_weighted64(const float* x, const WeightedRow* entries, const std::size_t* ends, std::size_t columns,
                           double* sum, double* total) noexcept {
  for (std::size_t j = 0; j < columns; ++j) {
    const WeightedRow* const end = entries + ends[j];
    const WeightedRow* at = entries + *(ends + j - 1);
    D acc[NS];
    rep<NS>([&](auto v) __attribute__((always_inline)) { acc[v] = Lanes::loadd(sum + v * WD); });
    double weights = total[j];
    for (; at < end; ++at) {
      const float* const row = x + static_cast<std::size_t>(at->row) * (NS * WD);
      const float* const later = x + static_cast<std::size_t>(at[kRowsAhead].row) * (NS * WD);
      for (int l = 0; l < NS * WD; l += 16) __builtin_prefetch(later + l);
      const double weight = static_cast<double>(at->weight);
      const D w = Lanes::set1d(weight);
      rep<NS>([&](auto v) __attribute__((always_inline)) { acc[v] = Lanes::fmaddd(w, Lanes::widen(row + v * WD), acc[v]); });
      weights += weight;
    }
    rep<NS>([&](auto v) __attribute__((always_inline)) { Lanes::stored(sum + v * WD, acc[v]); });
    total[j] = weights;
    sum += NS * WD;
  }
}

// round() of fixed_point.h: see there why adding 1.5 · 2^52 does it.
static void add_fixed(const float* x, double factor, const double* scale, std::size_t d, std::int64_t* sum,
                      bool subtract) noexcept {
  constexpr double rounder = 6755399441055744.0;
  const D f = Lanes::set1d(factor), r = Lanes::set1d(rounder);
  std::size_t l = 0;
  if (subtract)
    for (; l + WD <= d; l += WD)
      Lanes::sub_bits(sum + l, Lanes::addd(Lanes::muld(Lanes::muld(Lanes::widen(x + l), f), Lanes::loadd(scale + l)), r), r);
  else
    for (; l + WD <= d; l += WD)
      Lanes::add_bits(sum + l, Lanes::addd(Lanes::muld(Lanes::muld(Lanes::widen(x + l), f), Lanes::loadd(scale + l)), r), r);
  for (; l < d; ++l) {
    const double t = static_cast<double>(x[l]) * factor * scale[l] + rounder;
    const std::int64_t q = __builtin_bit_cast(std::int64_t, t) - __builtin_bit_cast(std::int64_t, rounder);
    sum[l] += subtract ? -q : q;
  }
}

static void move_fixed(const float* x, double factor, const double* scale, std::size_t d, std::int64_t* from, std::int64_t* to) noexcept {
  const D f = Lanes::set1d(factor), r = Lanes::set1d(6755399441055744.0);
  std::size_t l = 0;
  for (; l + WD <= d; l += WD) {
    const D t = Lanes::addd(Lanes::muld(Lanes::muld(Lanes::widen(x + l), f), Lanes::loadd(scale + l)), r);
    Lanes::sub_bits(from + l, t, r);
    Lanes::add_bits(to + l, t, r);
  }
  add_fixed(x + l, factor, scale + l, d - l, from + l, true);
  add_fixed(x + l, factor, scale + l, d - l, to + l, false);
}

// Whole lines of 64 bytes go past the caches, what is left at either end does not.
static void stream(const float* x, std::size_t ld, std::size_t rows, std::size_t columns, float* out,
                   std::size_t out_ld) noexcept {
  for (std::size_t r = 0; r < rows; ++r, x += ld, out += out_ld) {
    std::size_t l = 0;
    for (; l < columns && reinterpret_cast<std::uintptr_t>(out + l) % 64 != 0; ++l) out[l] = x[l];
    for (; l + 16 <= columns; l += 16)
      rep<16 / W>([&](auto v) __attribute__((always_inline)) { Lanes::stream(out + l + v * W, Lanes::load(x + l + v * W)); });
    for (; l < columns; ++l) out[l] = x[l];
  }
  Lanes::fence();
}

#include "simd/block64.inl"
#include "simd/pairs.inl"
#include "simd/layout.inl"

static constexpr Kernels table{
    Lanes::level, Lanes::name, Lanes::roundings, W, MR, NR, MR64, NR64, FC, NS * WD,
    &score_best, &least, &not_above, &score_store, &dot_few, &dot_each, &unordered64, &center, &copy_finite, &dot64, &tile64, &add_scaled64, &add_weighted64, &add_fixed,
    &move_fixed, &stream,
    &products64, &differences64, &wide_products64, &wide_differences64, &push_and_pull, &gather64, &cross64, &mix64};
