// Float64 kernels on blocks of eight columns, [rows × 8]. Products of float64 numbers are not exact, so each is rounded
// before it is added: a fused multiply-add would give other bits on the levels that lack it.

constexpr int NB = 8 / WD;  // vectors of a row

static inline __attribute__((always_inline)) D plus_product(D sum, D a, D b) {
  return Lanes::addd(sum, Lanes::muld(a, b));
}

static void gather64(const std::int32_t* indices, const float* values, std::size_t count, const double* block,
                     double* out) noexcept {
  D acc[NB];
  rep<NB>([&](auto v) __attribute__((always_inline)) { acc[v] = Lanes::set1d(0.0); });
  for (std::size_t e = 0; e < count; ++e) {
    const D a = Lanes::set1d(static_cast<double>(values[e]));
    const double* const row = block + static_cast<std::size_t>(indices[e]) * 8;
    rep<NB>([&](auto v) __attribute__((always_inline)) { acc[v] = plus_product(acc[v], a, Lanes::loadd(row + v * WD)); });
  }
  rep<NB>([&](auto v) __attribute__((always_inline)) { Lanes::stored(out + v * WD, acc[v]); });
}

// One vector of columns at a time, so that eight accumulators (or eight rows of `mix`) are all that registers hold.
static void cross64(const double* x, const double* y, std::size_t rows, double* gram) noexcept {
  for (int at = 0; at < 8; at += WD) {
    D acc[8];
    rep<8>([&](auto c) __attribute__((always_inline)) { acc[c] = Lanes::set1d(0.0); });
    for (std::size_t i = 0; i < rows; ++i) {
      const D b = Lanes::loadd(y + i * 8 + at);
      rep<8>([&](auto c) __attribute__((always_inline)) { acc[c] = plus_product(acc[c], Lanes::set1d(x[i * 8 + c]), b); });
    }
    rep<8>([&](auto c) __attribute__((always_inline)) { Lanes::stored(gram + c * 8 + at, acc[c]); });
  }
}

static void mix64(const double* x, const double* mix, std::size_t rows, double* z) noexcept {
  for (int at = 0; at < 8; at += WD) {
    D m[8];
    rep<8>([&](auto c) __attribute__((always_inline)) { m[c] = Lanes::loadd(mix + c * 8 + at); });
    for (std::size_t i = 0; i < rows; ++i) {
      D sum = Lanes::muld(Lanes::set1d(x[i * 8]), m[0]);
      rep<7>([&](auto c) __attribute__((always_inline)) { sum = plus_product(sum, Lanes::set1d(x[i * 8 + c + 1]), m[c + 1]); });
      Lanes::stored(z + i * 8 + at, Lanes::addd(Lanes::loadd(z + i * 8 + at), sum));
    }
  }
}
