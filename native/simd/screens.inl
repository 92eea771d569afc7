// The bodies of the screens, over the traits `Lanes` that the including file has defined in its own namespace: one .cc
// per kind of product. The rules of kernels.inl hold here too.

#include "simd/unroll.inl"

using A = Lanes::A;
constexpr int W = 16, MR = 8, NV = 3;

// The products of MR rows with N vectors of columns, in registers from first to last depth.
template <int N>
static inline __attribute__((always_inline)) void products(const std::uint32_t* x, std::size_t ld,
                                                           const ScreenPanel& panel, A (&acc)[MR][N]) {
  rep<MR>([&](auto r) __attribute__((always_inline)) {
    rep<N>([&](auto v) __attribute__((always_inline)) { acc[r][v] = Lanes::start(panel.start + v * W); });
  });
  const std::uint32_t* groups = panel.groups;
  for (std::size_t l = 0; l < panel.depth; ++l) {
    __m512i b[N];
    rep<N>([&](auto v) __attribute__((always_inline)) {
      b[v] = _mm512_loadu_si512(groups + v * W);
      __builtin_prefetch(groups + 12 * N * W + v * W);
    });
    // With one vector of columns the rows come from memory as fast as they are used.
    if (N == 1 && l % 16 == 0)
      rep<MR>([&](auto r) __attribute__((always_inline)) {
        __builtin_prefetch(x + static_cast<std::size_t>(MR + r) * ld + l);
      });
    rep<MR>([&](auto r) __attribute__((always_inline)) {
      const __m512i a = _mm512_set1_epi32(static_cast<int>(x[static_cast<std::size_t>(r) * ld + l]));
      rep<N>([&](auto v) __attribute__((always_inline)) { acc[r][v] = Lanes::step(acc[r][v], a, b[v]); });
    });
    groups += N * W;
  }
}

static inline __attribute__((always_inline)) __m512 low(A acc, __m512 scale, __m512 error, __m512 length,
                                                        const ScreenPanel& panel, int at) {
  const __m512 score = Lanes::score(acc, scale, panel.scale + at, _mm512_loadu_ps(panel.offset + at));
  return _mm512_fnmadd_ps(length, _mm512_loadu_ps(panel.error + at),
                          _mm512_fnmadd_ps(error, _mm512_loadu_ps(panel.norm + at), score));
}

template <int N>
static void low_best_of(const ScreenRows& x, std::size_t rows, const ScreenPanel& panel, std::int32_t base,
                          Best best) noexcept {
  const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  for (std::size_t row = 0; row < rows; row += MR) {
    A acc[MR][N];
    products<N>(x.groups + row * x.ld, x.ld, panel, acc);
    rep<MR>([&](auto r) __attribute__((always_inline)) {
      float* const at_best = best.best + (row + r) * W;
      float* const at_second = best.second + (row + r) * W;
      std::int32_t* const at_index = best.index + (row + r) * W;
      __m512 b = _mm512_loadu_ps(at_best), s = _mm512_loadu_ps(at_second);
      __m512i i = _mm512_loadu_si512(at_index);
      const __m512 scale = _mm512_set1_ps(x.scale[row + r]), error = _mm512_set1_ps(x.error[row + r]),
                   length = _mm512_set1_ps(x.length[row + r]);
      rep<N>([&](auto v) __attribute__((always_inline)) {
        const __m512 score = low(acc[r][v], scale, error, length, panel, v * W);
        const __mmask16 less = _mm512_cmp_ps_mask(score, b, _CMP_LT_OQ);
        s = _mm512_min_ps(s, _mm512_max_ps(score, b));
        b = _mm512_min_ps(b, score);
        i = _mm512_mask_add_epi32(i, less, lane, _mm512_set1_epi32(base + v * W));
      });
      _mm512_storeu_ps(at_best, b);
      _mm512_storeu_ps(at_second, s);
      _mm512_storeu_si512(at_index, i);
    });
  }
}

template <int N>
static void low_below_of(const ScreenRows& x, std::size_t rows, const ScreenPanel& panel, const float* limit,
                           float* out, std::uint64_t* hits) noexcept {
  for (std::size_t row = 0; row < rows; row += MR) {
    A acc[MR][N];
    products<N>(x.groups + row * x.ld, x.ld, panel, acc);
    rep<MR>([&](auto r) __attribute__((always_inline)) {
      const __m512 scale = _mm512_set1_ps(x.scale[row + r]), error = _mm512_set1_ps(x.error[row + r]),
                   length = _mm512_set1_ps(x.length[row + r]), most = _mm512_set1_ps(limit[row + r]);
      std::uint64_t found = 0;
      rep<N>([&](auto v) __attribute__((always_inline)) {
        const __m512 score = low(acc[r][v], scale, error, length, panel, v * W);
        found |= static_cast<std::uint64_t>(_mm512_cmp_ps_mask(score, most, _CMP_NGT_UQ)) << (v * W);
        _mm512_storeu_ps(out + (row + r) * N * W + v * W, score);
      });
      hits[row + r] = found;
    });
  }
}

template <int N>
static void low_both_of(const ScreenRows& x, std::size_t rows, const ScreenPanel& panel, const float* limit,
                        const float* back_add, const float* back_limit, float* out, std::uint64_t* hits,
                        std::uint64_t* back) noexcept {
  for (std::size_t row = 0; row < rows; row += MR) {
    A acc[MR][N];
    products<N>(x.groups + row * x.ld, x.ld, panel, acc);
    rep<MR>([&](auto r) __attribute__((always_inline)) {
      const __m512 scale = _mm512_set1_ps(x.scale[row + r]), error = _mm512_set1_ps(x.error[row + r]),
                   length = _mm512_set1_ps(x.length[row + r]), most = _mm512_set1_ps(limit[row + r]),
                   add = _mm512_set1_ps(back_add[row + r]);
      std::uint64_t found = 0, found_back = 0;
      rep<N>([&](auto v) __attribute__((always_inline)) {
        const __m512 score = low(acc[r][v], scale, error, length, panel, v * W);
        const __m512 most_back = _mm512_loadu_ps(back_limit + v * W);
        found |= static_cast<std::uint64_t>(_mm512_cmp_ps_mask(score, most, _CMP_NGT_UQ)) << (v * W);
        found_back |= static_cast<std::uint64_t>(_mm512_cmp_ps_mask(_mm512_add_ps(score, add), most_back, _CMP_NGT_UQ)) << (v * W);
        _mm512_storeu_ps(out + (row + r) * N * W + v * W, score);
      });
      hits[row + r] = found;
      back[row + r] = found_back;
    });
  }
}

static void low_best(const ScreenRows& x, std::size_t rows, const ScreenPanel& panel, std::int32_t base,
                       Best best) noexcept {
  switch (panel.width / W) {
    case 1: return low_best_of<1>(x, rows, panel, base, best);
    case 2: return low_best_of<2>(x, rows, panel, base, best);
    default: return low_best_of<NV>(x, rows, panel, base, best);
  }
}

static void low_below(const ScreenRows& x, std::size_t rows, const ScreenPanel& panel, const float* limit, float* out,
                        std::uint64_t* hits) noexcept {
  switch (panel.width / W) {
    case 1: return low_below_of<1>(x, rows, panel, limit, out, hits);
    case 2: return low_below_of<2>(x, rows, panel, limit, out, hits);
    default: return low_below_of<NV>(x, rows, panel, limit, out, hits);
  }
}

static void low_both(const ScreenRows& x, std::size_t rows, const ScreenPanel& panel, const float* limit,
                     const float* back_add, const float* back_limit, float* out, std::uint64_t* hits,
                     std::uint64_t* back) noexcept {
  switch (panel.width / W) {
    case 1: return low_both_of<1>(x, rows, panel, limit, back_add, back_limit, out, hits, back);
    case 2: return low_both_of<2>(x, rows, panel, limit, back_add, back_limit, out, hits, back);
    default: return low_both_of<NV>(x, rows, panel, limit, back_add, back_limit, out, hits, back);
  }
}

#include "simd/rivals.inl"

// The lanes from l on that lie below d.
static inline __mmask16 lanes_of(std::size_t l, std::size_t d) noexcept {
  return static_cast<__mmask16>(d - l >= W ? 0xFFFF : (1u << (d - l)) - 1);
}

static constexpr ScreenKernels table{Lanes::screen, Lanes::name, Lanes::per_group, W, MR, NV * W, Lanes::value_steps,
                                     Lanes::score_steps, Lanes::flush, &round, round_rest, words, round_words,
                                     &low_best, &low_below, &low_both, &low_rivals, layered_products, few_nearest};
