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
      __builtin_prefetch(groups + kStepsAhead * N * W + v * W);
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

// The offsets of N vectors of columns less one share of the error for a whole tile, that of its worst row.
template <int N>
static inline __attribute__((always_inline)) void shared_offsets(const ScreenRows& x, std::size_t row, const ScreenPanel& panel,
                                                                 __m512 (&offset)[N]) {
  float error = x.error[row], length = x.length[row];
  for (std::size_t r = row + 1; r < row + MR; ++r) {
    error = x.error[r] > error ? x.error[r] : error;
    length = x.length[r] > length ? x.length[r] : length;
  }
  rep<N>([&](auto v) __attribute__((always_inline)) {
    offset[v] = _mm512_fnmadd_ps(_mm512_set1_ps(length), _mm512_loadu_ps(panel.error + v * W),
                                 _mm512_fnmadd_ps(_mm512_set1_ps(error), _mm512_loadu_ps(panel.norm + v * W),
                                                  _mm512_loadu_ps(panel.offset + v * W)));
  });
}

template <int N>
static void low_best_of(const ScreenRows& x, std::size_t rows, const ScreenPanel& panel, const Slot& slot) noexcept {
  for (std::size_t row = 0; row < rows; row += MR) {
    A acc[MR][N];
    products<N>(x.groups + row * x.ld, x.ld, panel, acc);
    __m512 offset[N];
    shared_offsets<N>(x, row, panel, offset);
    rep<MR>([&](auto r) __attribute__((always_inline)) {
      float* const at_hidden = slot.hidden + (row + r) * slot.ld;
      float* const at_lowest = slot.lowest + (row + r) * slot.ld;
      __m512 hidden = _mm512_loadu_ps(at_hidden), lowest = slot.fresh ? _mm512_set1_ps(__FLT_MAX__) : _mm512_loadu_ps(at_lowest);
      const __m512 scale = _mm512_set1_ps(x.scale[row + r]);
      rep<N>([&](auto v) __attribute__((always_inline)) {
        const __m512i score = _mm512_castps_si512(Lanes::score(acc[r][v], scale, panel.scale + v * W, offset[v]));
        const __m512 tagged = _mm512_castsi512_ps(
            _mm512_ternarylogic_epi32(score, _mm512_set1_epi32(slot.keep), _mm512_set1_epi32(slot.tag + v), 0xEA));  // score & keep | tag
        hidden = _mm512_min_ps(hidden, _mm512_max_ps(tagged, lowest));
        lowest = _mm512_min_ps(lowest, tagged);
      });
      _mm512_storeu_ps(at_hidden, hidden);
      _mm512_storeu_ps(at_lowest, lowest);
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

static void low_best(const ScreenRows& x, std::size_t rows, const ScreenPanel& panel, const Slot& slot) noexcept {
  switch (panel.width / W) {
    case 1: return low_best_of<1>(x, rows, panel, slot);
    case 2: return low_best_of<2>(x, rows, panel, slot);
    default: return low_best_of<NV>(x, rows, panel, slot);
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
