// What k-means asks of a screen: which centroids could win a row from the one that has it.

template <int N>
static void low_rivals_of(const ScreenRows& x, std::size_t rows, const ScreenPanel& panel, std::int32_t base,
                          const std::int32_t* own, const float* limit, float* least, std::uint64_t* hits) noexcept {
  const std::uint64_t all = (std::uint64_t{1} << (N * W)) - 1;
  for (std::size_t row = 0; row < rows; row += MR) {
    A acc[MR][N];
    products<N>(x.groups + row * x.ld, x.ld, panel, acc);
    __m512 offset[N];
    shared_offsets<N>(x, row, panel, offset);
    rep<MR>([&](auto r) __attribute__((always_inline)) {
      const __m512 scale = _mm512_set1_ps(x.scale[row + r]), most = _mm512_set1_ps(limit[row + r]);
      const std::uint32_t at = static_cast<std::uint32_t>(own[row + r] - base);
      const std::uint64_t others = all & ~(at < 64 ? std::uint64_t{1} << at : 0);
      __m512 lowest = _mm512_loadu_ps(least + (row + r) * W);
      std::uint64_t beaten = 0;
      rep<N>([&](auto v) __attribute__((always_inline)) {
        const __m512 score = Lanes::score(acc[r][v], scale, panel.scale + v * W, offset[v]);
        // Written so that NaN counts as a rival.
        const __mmask16 above = _mm512_mask_cmp_ps_mask(static_cast<__mmask16>(others >> (v * W)), score, most, _CMP_GT_OQ);
        lowest = _mm512_mask_min_ps(lowest, above, lowest, score);
        beaten |= static_cast<std::uint64_t>(above) << (v * W);
      });
      _mm512_storeu_ps(least + (row + r) * W, lowest);
      hits[row + r] = others & ~beaten;
    });
  }
}

static void low_rivals(const ScreenRows& x, std::size_t rows, const ScreenPanel& panel, std::int32_t base, const std::int32_t* own,
                       const float* limit, float* least, std::uint64_t* hits) noexcept {
  switch (panel.width / W) {
    case 1: return low_rivals_of<1>(x, rows, panel, base, own, limit, least, hits);
    case 2: return low_rivals_of<2>(x, rows, panel, base, own, limit, least, hits);
    default: return low_rivals_of<NV>(x, rows, panel, base, own, limit, least, hits);
  }
}
