// Float64 sums over pairs of vectors, a pair to a lane, so that each is added up in order. The terms of PW pairs at PW
// places are worked out along the vectors, transposed, and added one after another; twice that many, since an addition
// waits for the one before.

using P = PairLanes::D;
constexpr int PW = PairLanes::width64, PAIRS = 2 * PW;

// term(a, b, p): the terms of pair p from there on; last(a, b, p): a single one.
template <class X, class Y, class Term, class Last>
static inline __attribute__((always_inline)) void sum_pairs(const X* const* x, const Y* const* y, std::size_t pairs, std::size_t d,
                                                            double* out, Term term, Last last) {
  for (std::size_t first = 0; first < pairs; first += PAIRS) {
    const X* a[PAIRS];
    const Y* b[PAIRS];
    std::size_t pair[PAIRS];
    for (std::size_t p = 0; p < PAIRS; ++p) {
      pair[p] = first + p < pairs ? first + p : pairs - 1;  // of too few pairs the last is taken again
      a[p] = x[pair[p]];
      b[p] = y[pair[p]];
    }
    P sum[2] = {PairLanes::set1d(0.0), PairLanes::set1d(0.0)};
    std::size_t l = 0;
    for (; l + PW <= d; l += PW)
      rep<2>([&](auto g) __attribute__((always_inline)) {
        P t[PW];
        rep<PW>([&](auto p) __attribute__((always_inline)) { t[p] = term(a[g * PW + p] + l, b[g * PW + p] + l, pair[g * PW + p]); });
        PairLanes::transpose(t);
        rep<PW>([&](auto v) __attribute__((always_inline)) { sum[g] = PairLanes::addd(sum[g], t[v]); });
      });
    double each[PAIRS];
    rep<2>([&](auto g) __attribute__((always_inline)) { PairLanes::stored(each + g * PW, sum[g]); });
    for (; l < d; ++l)
      for (std::size_t p = 0; p < PAIRS; ++p) each[p] += last(a[p][l], b[p][l], pair[p]);
    for (std::size_t p = 0; p < PAIRS && first + p < pairs; ++p) out[first + p] = each[p];
  }
}

static void products64(const float* const* x, const float* const* y, std::size_t pairs, std::size_t d, double* out) noexcept {
  sum_pairs(x, y, pairs, d, out,
            [](const float* a, const float* b, std::size_t) __attribute__((always_inline)) { return PairLanes::muld(PairLanes::widen(a), PairLanes::widen(b)); },
            [](float a, float b, std::size_t) __attribute__((always_inline)) { return static_cast<double>(a) * static_cast<double>(b); });
}

static void differences64(const float* const* x, const float* const* y, std::size_t pairs, std::size_t d, double* out) noexcept {
  sum_pairs(x, y, pairs, d, out,
            [](const float* a, const float* b, std::size_t) __attribute__((always_inline)) {
              const P t = PairLanes::subd(PairLanes::widen(a), PairLanes::widen(b));
              return PairLanes::muld(t, t);
            },
            [](float a, float b, std::size_t) __attribute__((always_inline)) {
              const double t = static_cast<double>(a) - static_cast<double>(b);
              return t * t;
            });
}

static void wide_products64(const float* const* x, const double* const* y, std::size_t pairs, std::size_t d, double* out) noexcept {
  sum_pairs(x, y, pairs, d, out,
            [](const float* a, const double* b, std::size_t) __attribute__((always_inline)) { return PairLanes::muld(PairLanes::widen(a), PairLanes::loadd(b)); },
            [](float a, double b, std::size_t) __attribute__((always_inline)) { return static_cast<double>(a) * b; });
}

static void wide_differences64(const float* const* x, const double* scale, const double* const* y, std::size_t pairs, std::size_t d,
                               double* out) noexcept {
  if (!scale)
    return sum_pairs(x, y, pairs, d, out,
                     [](const float* a, const double* b, std::size_t) __attribute__((always_inline)) {
                       const P t = PairLanes::subd(PairLanes::widen(a), PairLanes::loadd(b));
                       return PairLanes::muld(t, t);
                     },
                     [](float a, double b, std::size_t) __attribute__((always_inline)) {
                       const double t = static_cast<double>(a) - b;
                       return t * t;
                     });
  sum_pairs(x, y, pairs, d, out,
            [scale](const float* a, const double* b, std::size_t p) __attribute__((always_inline)) {
              const P t = PairLanes::subd(PairLanes::muld(PairLanes::widen(a), PairLanes::set1d(scale[p])), PairLanes::loadd(b));
              return PairLanes::muld(t, t);
            },
            [scale](float a, double b, std::size_t p) __attribute__((always_inline)) {
              const double t = static_cast<double>(a) * scale[p] - b;
              return t * t;
            });
}
