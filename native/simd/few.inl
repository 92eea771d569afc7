// The nearest of few targets, in both layers of int8. Rows stand along the lanes: sixteen are transposed together, a target's
// groups are broadcast, and best, second best and index come without anything having to be put together from lanes. The cost
// is in proportion to the targets, and the rows may stand anywhere.

constexpr int ROWS = kFewRows;
constexpr int STEPS = 64;    // groups of a row taken at once, so that both layers of a tile stay in the first-level cache
constexpr int TOGETHER = 4;  // targets whose sums stay in registers

// A tile while it is worked on.
struct alignas(64) Tile {
  const std::uint32_t* at[2][ROWS];    // the layers of its rows
  const std::uint32_t* next[2 * ROWS];  // and of those that come next
  std::uint32_t groups[STEPS][2][ROWS];
  std::int32_t sum[kFew][2][ROWS];  // first · first, and first · second + second · first
};

// Sixteen groups of sixteen rows: out[g · 2 · ROWS + r] is group g of row r.
static inline __attribute__((always_inline)) void transpose(const std::uint32_t* const* rows, std::size_t at, __mmask16 in, std::uint32_t* out) {
  __m512i a[16], b[16];
  rep<16>([&](auto r) __attribute__((always_inline)) { a[r] = _mm512_maskz_loadu_epi32(in, rows[r] + at); });
  rep<8>([&](auto r) __attribute__((always_inline)) {
    b[2 * r] = _mm512_unpacklo_epi32(a[2 * r], a[2 * r + 1]);
    b[2 * r + 1] = _mm512_unpackhi_epi32(a[2 * r], a[2 * r + 1]);
  });
  rep<4>([&](auto q) __attribute__((always_inline)) {
    a[4 * q] = _mm512_unpacklo_epi64(b[4 * q], b[4 * q + 2]);
    a[4 * q + 1] = _mm512_unpackhi_epi64(b[4 * q], b[4 * q + 2]);
    a[4 * q + 2] = _mm512_unpacklo_epi64(b[4 * q + 1], b[4 * q + 3]);
    a[4 * q + 3] = _mm512_unpackhi_epi64(b[4 * q + 1], b[4 * q + 3]);
  });
  // Now lane l of a[4 q + c] holds group 4 l + c of rows 4 q to 4 q + 3.
  rep<4>([&](auto c) __attribute__((always_inline)) {
    const __m512i even = _mm512_shuffle_i32x4(a[c], a[4 + c], 0x88), odd = _mm512_shuffle_i32x4(a[c], a[4 + c], 0xDD);
    const __m512i even_below = _mm512_shuffle_i32x4(a[8 + c], a[12 + c], 0x88), odd_below = _mm512_shuffle_i32x4(a[8 + c], a[12 + c], 0xDD);
    std::uint32_t* const to = out + c * 2 * ROWS;
    _mm512_store_si512(to, _mm512_shuffle_i32x4(even, even_below, 0x88));
    _mm512_store_si512(to + 4 * 2 * ROWS, _mm512_shuffle_i32x4(odd, odd_below, 0x88));
    _mm512_store_si512(to + 8 * 2 * ROWS, _mm512_shuffle_i32x4(even, even_below, 0xDD));
    _mm512_store_si512(to + 12 * 2 * ROWS, _mm512_shuffle_i32x4(odd, odd_below, 0xDD));
  });
}

// Adds the products of R vectors of rows with N targets to their sums. `groups` are those of the first target. Meanwhile the
// rows that come next are fetched: of every four lines that fall to a step, those from `from` to `to`.
template <int R, int N>
static void add_products(Tile& t, std::size_t steps, const std::uint32_t* groups, std::size_t targets, std::size_t first, std::size_t at,
                         std::size_t from, std::size_t to) noexcept {
  Lanes::A sum[N][2][R];
  rep<N>([&](auto j) __attribute__((always_inline)) {
    rep<R>([&](auto r) __attribute__((always_inline)) {
      sum[j][0][r] = (Lanes::A)_mm512_load_si512(t.sum[first + j][0] + r * W);
      sum[j][1][r] = (Lanes::A)_mm512_load_si512(t.sum[first + j][1] + r * W);
    });
  });
  for (std::size_t l = 0; l < steps; ++l) {
    for (std::size_t n = from; n < to; ++n) __builtin_prefetch(t.next[l % 16 * 4 + n] + at + l / 16 * 16);
    __m512i x[2][R];
    rep<R>([&](auto r) __attribute__((always_inline)) {
      x[0][r] = _mm512_load_si512(t.groups[l][0] + r * W);
      x[1][r] = _mm512_load_si512(t.groups[l][1] + r * W);
    });
    rep<N>([&](auto j) __attribute__((always_inline)) {
      const __m512i one = _mm512_set1_epi32(static_cast<int>(groups[2 * j])), two = _mm512_set1_epi32(static_cast<int>(groups[2 * j + 1]));
      rep<R>([&](auto r) __attribute__((always_inline)) {
        sum[j][0][r] = Lanes::step(sum[j][0][r], x[0][r], one);
        sum[j][1][r] = Lanes::step(sum[j][1][r], x[0][r], two);
      });
      rep<R>([&](auto r) __attribute__((always_inline)) { sum[j][1][r] = Lanes::step(sum[j][1][r], x[1][r], one); });
    });
    groups += 2 * targets;
  }
  rep<N>([&](auto j) __attribute__((always_inline)) {
    rep<R>([&](auto r) __attribute__((always_inline)) {
      _mm512_store_si512(t.sum[first + j][0] + r * W, (__m512i)sum[j][0][r]);
      _mm512_store_si512(t.sum[first + j][1] + r * W, (__m512i)sum[j][1][r]);
    });
  });
}

// The sums of a tile: targets in shares of one to four, as even as can be, since few chains of sums would wait for each other.
template <int R>
static void add_tile(Tile& t, const LayeredTargets& c) noexcept {
  const std::size_t shares = (c.count + TOGETHER - 1) / TOGETHER;
  for (std::size_t l = 0; l < c.depth; l += STEPS) {
    const std::size_t steps = c.depth - l < STEPS ? c.depth - l : STEPS;
    for (std::size_t g = 0; g < steps; g += W)
      for (int layer = 0; layer < 2; ++layer)
        rep<R>([&](auto r) __attribute__((always_inline)) {
          transpose(t.at[layer] + r * W, l + g, lanes_of(l + g, c.depth), t.groups[g][layer] + r * W);
        });
    const std::uint32_t* const groups = c.groups + l * 2 * c.count;
    std::size_t j = 0;
    for (std::size_t s = 0; s < shares; ++s) {
      const std::size_t from = s * 4 / shares, to = (s + 1) * 4 / shares, end = (s + 1) * c.count / shares;
      switch (end - j) {
        case 1: add_products<R, 1>(t, steps, groups + 2 * j, c.count, j, l, from, to); break;
        case 2: add_products<R, 2>(t, steps, groups + 2 * j, c.count, j, l, from, to); break;
        case 3: add_products<R, 3>(t, steps, groups + 2 * j, c.count, j, l, from, to); break;
        default: add_products<R, TOGETHER>(t, steps, groups + 2 * j, c.count, j, l, from, to);
      }
      j = end;
    }
  }
}

// The fields of sixteen rows, each along the lanes.
static inline __attribute__((always_inline)) void fields(const LayeredRow* rows, const std::uint32_t* ids, __m512 (&out)[4]) {
  __m512 a[4];
  // Four lanes of a[i] each hold one of the rows 4 q + i.
  rep<4>([&](auto i) __attribute__((always_inline)) {
    const auto row = [&](int q) __attribute__((always_inline)) { return _mm_loadu_ps(&rows[ids[4 * q + i]].scale); };
    a[i] = _mm512_insertf32x4(_mm512_castps128_ps512(row(0)), row(1), 1);
    a[i] = _mm512_insertf32x4(_mm512_insertf32x4(a[i], row(2), 2), row(3), 3);
  });
  const __m512d low = _mm512_castps_pd(_mm512_unpacklo_ps(a[0], a[1])), low_next = _mm512_castps_pd(_mm512_unpacklo_ps(a[2], a[3]));
  const __m512d high = _mm512_castps_pd(_mm512_unpackhi_ps(a[0], a[1])), high_next = _mm512_castps_pd(_mm512_unpackhi_ps(a[2], a[3]));
  out[0] = _mm512_castpd_ps(_mm512_unpacklo_pd(low, low_next));
  out[1] = _mm512_castpd_ps(_mm512_unpackhi_pd(low, low_next));
  out[2] = _mm512_castpd_ps(_mm512_unpacklo_pd(high, high_next));
  out[3] = _mm512_castpd_ps(_mm512_unpackhi_pd(high, high_next));
}

// What the sums say of sixteen rows.
static std::uint32_t settle(const Tile& t, int from, const LayeredRow* rows, const std::uint32_t* ids, const LayeredTargets& c, const Settled& out) noexcept {
  __m512 field[4];
  fields(rows, ids, field);
  const auto [scale, norm, rest, error] = field;
  const __m512 length = _mm512_mul_ps(_mm512_add_ps(norm, _mm512_add_ps(rest, error)), _mm512_set1_ps(1 + 0x1p-20f));
  const __m512 per_step = _mm512_set1_ps(1.0f / 254), never = _mm512_set1_ps(3e38f);
  __m512 best = never, second = never, width = never;
  __m512i index = _mm512_setzero_si512();
  for (std::size_t j = 0; j < c.count; ++j) {
    const LayeredTarget& y = c.targets[j];
    const __m512 one = _mm512_cvtepi32_ps(_mm512_load_si512(t.sum[j][0] + from)), both = _mm512_cvtepi32_ps(_mm512_load_si512(t.sum[j][1] + from));
    const __m512 product = _mm512_mul_ps(_mm512_fmadd_ps(both, per_step, one), _mm512_set1_ps(y.scale));
    const __m512 wrong = _mm512_fmadd_ps(rest, _mm512_set1_ps(y.rest), _mm512_fmadd_ps(length, _mm512_set1_ps(y.error), _mm512_mul_ps(error, _mm512_set1_ps(y.norm))));
    const __m512 low = _mm512_sub_ps(_mm512_fnmadd_ps(scale, product, _mm512_set1_ps(y.offset)), wrong);
    const __mmask16 less = _mm512_cmp_ps_mask(low, best, _CMP_LT_OQ);
    second = _mm512_min_ps(second, _mm512_max_ps(low, best));
    best = _mm512_min_ps(best, low);
    width = _mm512_mask_add_ps(width, less, wrong, _mm512_set1_ps(y.margin));
    index = _mm512_mask_mov_epi32(index, less, _mm512_set1_epi32(static_cast<int>(j)));
  }
  // The true score of the best is at most `high`, that of every other at least `next`.
  const __m512 square = _mm512_mul_ps(norm, norm);
  const auto of_length = [&](const OfLength& p) __attribute__((always_inline)) {
    return _mm512_fmadd_ps(square, _mm512_set1_ps(p.square), _mm512_fmadd_ps(norm, _mm512_set1_ps(p.linear), _mm512_set1_ps(p.constant)));
  };
  const __m512 here = of_length(c.from_row);
  const __m512 high = _mm512_fmadd_ps(_mm512_add_ps(width, here), _mm512_set1_ps(2 + 0x1p-17f), best), next = _mm512_sub_ps(second, here);
  const __mmask16 settled = _mm512_mask_cmp_ps_mask(_mm512_cmp_ps_mask(length, _mm512_set1_ps(c.longest), _CMP_LT_OQ), next, high, _CMP_GT_OQ);
  // ‖x − c‖² = 2 · score + ‖x‖², as LabelBounds has it; beside what it takes off, the roundings of these sums.
  const auto blur = [&](__m512 score) __attribute__((always_inline)) {
    return _mm512_mul_ps(_mm512_add_ps(square, _mm512_abs_ps(score)), _mm512_set1_ps(0x1p-20f));
  };
  const __m512 two = _mm512_set1_ps(2);
  const __m512 above = _mm512_add_ps(_mm512_fmadd_ps(two, high, square), blur(high));
  const __m512 below = _mm512_sub_ps(_mm512_sub_ps(_mm512_fmadd_ps(two, next, square), blur(next)), of_length(c.loss));
  const __m512 zero = _mm512_setzero_ps();
  _mm512_storeu_si512(out.index, index);
  _mm512_storeu_ps(out.upper, _mm512_mul_ps(_mm512_sqrt_ps(_mm512_max_ps(above, zero)), _mm512_set1_ps(1 + 1e-6f)));
  _mm512_storeu_ps(out.lower, _mm512_mul_ps(_mm512_sqrt_ps(_mm512_max_ps(below, zero)), _mm512_set1_ps(1 - 1e-6f)));
  return settled;
}

static std::uint32_t few_nearest(const LayeredRows& x, const std::uint32_t* ids, std::size_t count, std::size_t left, const LayeredTargets& c,
                                 const Settled& out) noexcept {
  Tile t;
  std::uint32_t id[ROWS];
  for (std::size_t r = 0; r < ROWS; ++r) {
    id[r] = ids[r < count ? r : count - 1];
    const std::size_t next = ids[r + ROWS < left ? r + ROWS : left - 1];
    t.at[0][r] = x.first + id[r] * x.first_ld;
    t.at[1][r] = x.second + id[r] * x.second_ld;
    t.next[r] = x.first + next * x.first_ld;
    t.next[ROWS + r] = x.second + next * x.second_ld;
    __builtin_prefetch(x.rows + next);
  }
  for (std::size_t j = 0; j < c.count; ++j)
    for (int layer = 0; layer < 2; ++layer)
      for (int v = 0; v < ROWS; v += W) _mm512_store_si512(t.sum[j][layer] + v, _mm512_set1_epi32(c.targets[j].start[layer]));
  const bool whole = count > W;
  if (whole)
    add_tile<2>(t, c);
  else
    add_tile<1>(t, c);
  const std::uint32_t settled = settle(t, 0, x.rows, id, c, out);
  if (!whole) return settled;
  return settled | settle(t, W, x.rows, id + W, c, {out.index + W, out.upper + W, out.lower + W}) << W;
}
