// The nearest of few targets, for rows in two layers of int8, which are the bytes of 16-bit numbers. Rows stand along the lanes:
// sixteen are transposed together, a target's numbers are broadcast, and best, second best and index come without anything having
// to be put together from lanes. The cost is in proportion to the targets, and the rows may stand anywhere.

constexpr int ROWS = kFewRows;
constexpr int PAIRS = kFewBlock / 2;  // pairs of columns whose products are added up as whole numbers
constexpr int TOGETHER = 8;           // targets whose sums stay in registers

// A tile while it is worked on.
struct alignas(64) Tile {
  const std::uint32_t* at[2][ROWS];     // the layers of its rows
  const std::uint32_t* next[2 * ROWS];  // and of those that come next
  std::uint32_t pairs[PAIRS][ROWS];     // two 16-bit numbers each
  float sum[kFew][ROWS];
};

// Sixteen groups of sixteen rows, from group `at` on: lane r of out[g] is group g of row r.
static inline __attribute__((always_inline)) void transpose(const std::uint32_t* const* rows, std::size_t at, __mmask16 in, __m512i (&out)[16]) {
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
    out[c] = _mm512_shuffle_i32x4(even, even_below, 0x88);
    out[4 + c] = _mm512_shuffle_i32x4(odd, odd_below, 0x88);
    out[8 + c] = _mm512_shuffle_i32x4(even, even_below, 0xDD);
    out[12 + c] = _mm512_shuffle_i32x4(odd, odd_below, 0xDD);
  });
}

// The 16-bit numbers of sixteen groups of sixteen rows: of group g columns 0 and 2 go to out[2 g], and 1 and 3 to out[2 g + 1]. What
// is packed has 128 added to both bytes; `half` takes that off, and rounds what is shifted.
static inline __attribute__((always_inline)) void merge(const std::uint32_t* const* first, const std::uint32_t* const* second, std::size_t at,
                                                        __mmask16 in, __m512i half, __m512i shift, std::uint32_t* out) {
  const __m512i high = _mm512_set1_epi16(static_cast<short>(0xFF00));
  __m512i a[16];
  transpose(first, at, in, a);
  rep<16>([&](auto g) __attribute__((always_inline)) { _mm512_store_si512(out + 2 * g * ROWS, a[g]); });
  transpose(second, at, in, a);
  rep<16>([&](auto g) __attribute__((always_inline)) {
    const __m512i one = _mm512_load_si512(out + 2 * g * ROWS);
    const auto put = [&](int at_pair, __m512i of_one, __m512i of_two) __attribute__((always_inline)) {
      const __m512i both = _mm512_ternarylogic_epi32(high, of_one, of_two, 0xCA);
      _mm512_store_si512(out + (2 * g + at_pair) * ROWS, _mm512_srav_epi16(_mm512_add_epi16(both, half), shift));
    };
    put(0, _mm512_slli_epi16(one, 8), a[g]);
    put(1, one, _mm512_srli_epi16(a[g], 8));
  });
}

// Adds the products of R vectors of rows with N targets to their sums. `targets` are the pairs of the first of them. Meanwhile the
// rows that come next are fetched: of the two lines that fall to a step, those from `from` to `to`.
template <int R, int N>
static __attribute__((noinline)) void add_products(Tile& t, std::size_t steps, const std::uint32_t* targets, std::size_t stride, float (*to_sum)[ROWS], std::size_t at,
                         std::size_t from, std::size_t to) noexcept {
  Lanes::A sum[N][R];
  rep<N>([&](auto j) __attribute__((always_inline)) {
    rep<R>([&](auto r) __attribute__((always_inline)) { sum[j][r] = (Lanes::A)_mm512_setzero_si512(); });
  });
  for (std::size_t l = 0; l < steps; ++l) {
    for (std::size_t n = from; n < to; ++n) __builtin_prefetch(t.next[l % ROWS * 2 + n] + at + l / ROWS * W);
    __m512i x[R];
    rep<R>([&](auto r) __attribute__((always_inline)) { x[r] = _mm512_load_si512(t.pairs[l] + r * W); });
    rep<N>([&](auto j) __attribute__((always_inline)) {
      const __m512i c = _mm512_set1_epi32(static_cast<int>(targets[j]));
      rep<R>([&](auto r) __attribute__((always_inline)) { sum[j][r] = (Lanes::A)_mm512_dpwssd_epi32((__m512i)sum[j][r], x[r], c); });
    });
    targets += stride;
  }
  rep<N>([&](auto j) __attribute__((always_inline)) {
    rep<R>([&](auto r) __attribute__((always_inline)) {
      float* const total = to_sum[j] + r * W;
      _mm512_store_ps(total, _mm512_add_ps(_mm512_load_ps(total), _mm512_cvtepi32_ps((__m512i)sum[j][r])));
    });
  });
}

// The sums of a tile: targets in shares as even as can be, since few chains of sums would wait for each other.
template <int R>
static void add_tile(Tile& t, const __m512i* half, const __m512i* shift, const WordTargets& c) noexcept {
  const std::size_t shares = (c.count + TOGETHER - 1) / TOGETHER;
  for (std::size_t l = 0; l < c.depth; l += PAIRS / 2) {
    const std::size_t groups = c.depth - l < PAIRS / 2 ? c.depth - l : PAIRS / 2;
    for (std::size_t g = 0; g < groups; g += W)
      rep<R>([&](auto r) __attribute__((always_inline)) {
        merge(t.at[0] + r * W, t.at[1] + r * W, l + g, lanes_of(l + g, c.depth), half[r], shift[r], t.pairs[2 * g] + r * W);
      });
    std::size_t j = 0;
    for (std::size_t s = 0; s < shares; ++s) {
      const std::size_t from = s * 2 / shares, to = (s + 1) * 2 / shares, end = (s + 1) * c.count / shares;
      const auto add = [&](auto n) __attribute__((always_inline)) {
        add_products<R, n>(t, 2 * groups, c.pairs + l * 2 * c.count + j, c.count, t.sum + j, l, from, to);
      };
      switch (end - j) {
        case 1: add(Const<1>{}); break;
        case 2: add(Const<2>{}); break;
        case 3: add(Const<3>{}); break;
        case 4: add(Const<4>{}); break;
        case 5: add(Const<5>{}); break;
        case 6: add(Const<6>{}); break;
        case 7: add(Const<7>{}); break;
        default: add(Const<TOGETHER>{});
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
static std::uint32_t settle(const Tile& t, int from, const __m512 (&row)[4], const WordTargets& c, const Settled& out) noexcept {
  const __m512 scale = row[0], norm = row[1], error = row[2];
  const __m512 length = _mm512_mul_ps(_mm512_add_ps(norm, error), _mm512_set1_ps(1 + 0x1p-20f));
  const __m512 never = _mm512_set1_ps(3e38f);
  __m512 best = never, second = never, width = never;
  __m512i index = _mm512_setzero_si512();
  for (std::size_t j = 0; j < c.count; ++j) {
    const WordTarget& y = c.targets[j];
    const __m512 product = _mm512_mul_ps(_mm512_load_ps(t.sum[j] + from), _mm512_set1_ps(y.scale));
    const __m512 wrong = _mm512_fmadd_ps(length, _mm512_set1_ps(y.error), _mm512_mul_ps(error, _mm512_set1_ps(y.norm)));
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
  const __m512 above = _mm512_add_ps(_mm512_add_ps(_mm512_fmadd_ps(two, high, square), blur(high)), of_length(c.gain));
  const __m512 below = _mm512_sub_ps(_mm512_sub_ps(_mm512_fmadd_ps(two, next, square), blur(next)), of_length(c.loss));
  const __m512 zero = _mm512_setzero_ps();
  _mm512_storeu_si512(out.index, index);
  _mm512_storeu_ps(out.upper, _mm512_mul_ps(_mm512_sqrt_ps(_mm512_max_ps(above, zero)), _mm512_set1_ps(1 + 1e-6f)));
  _mm512_storeu_ps(out.lower, _mm512_mul_ps(_mm512_sqrt_ps(_mm512_max_ps(below, zero)), _mm512_set1_ps(1 - 1e-6f)));
  return settled;
}

static std::uint32_t few_nearest(const LayeredRows& x, const std::uint32_t* ids, std::size_t count, std::size_t left, const WordTargets& c,
                                 const Settled& out) noexcept {
  Tile t;
  std::uint32_t id[ROWS];
  for (std::size_t r = 0; r < ROWS; ++r) {
    id[r] = ids[r < count ? r : count - 1];
    // Behind the last of these rows the one after it is likely to follow, of the next range.
    const std::size_t beyond = r + ROWS < left ? 0 : r + ROWS + 1 - left, guess = ids[r + ROWS < left ? r + ROWS : left - 1] + beyond;
    const std::size_t next = guess < x.count ? guess : x.count - 1;
    t.at[0][r] = x.first + id[r] * x.first_ld;
    t.at[1][r] = x.second + id[r] * x.second_ld;
    t.next[r] = x.first + next * x.first_ld;
    t.next[ROWS + r] = x.second + next * x.second_ld;
    __builtin_prefetch(x.rows + next);
  }
  for (std::size_t j = 0; j < c.count; ++j)
    for (int v = 0; v < ROWS; v += W) _mm512_store_ps(t.sum[j] + v, _mm512_setzero_ps());
  __m512 row[2][4];
  __m512i half[2], shift[2];
  const __m512i one = _mm512_set1_epi16(1), bias = _mm512_set1_epi16(static_cast<short>(-(128 * 256 + 128)));
  rep<2>([&](auto v) __attribute__((always_inline)) {
    fields(x.rows, id + v * W, row[v]);
    const __m512i places = _mm512_castps_si512(row[v][3]);
    shift[v] = _mm512_or_si512(places, _mm512_slli_epi32(places, 16));
    half[v] = _mm512_add_epi16(bias, _mm512_srli_epi16(_mm512_sllv_epi16(one, shift[v]), 1));
  });
  const bool whole = count > W;
  if (whole)
    add_tile<2>(t, half, shift, c);
  else
    add_tile<1>(t, half, shift, c);
  const std::uint32_t settled = settle(t, 0, row[0], c, out);
  if (!whole) return settled;
  return settled | settle(t, W, row[1], c, {out.index + W, out.upper + W, out.lower + W}) << W;
}
