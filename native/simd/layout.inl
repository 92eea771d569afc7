// The forces of a UMAP layout on sixteen points at once, one to a lane: no lane knows of another, and there is no fused
// multiply-add, so that a point moves to the same bits on every level. Included by kernels.inl.

typedef std::int32_t Whole __attribute__((vector_size(sizeof(V))));
typedef std::uint32_t Natural __attribute__((vector_size(sizeof(V))));

template <class T, class P>
static inline __attribute__((always_inline)) T fetch(const P* p) {
  T v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

// x^b = 2^(b · log2 x) to about 1e-5, for x from 2^-60 to 2^60 and b · log2 x within ±100.
static inline __attribute__((always_inline)) V power(V x, float b) {
  const Whole bits = (Whole)x;
  const Whole e = (bits - 0x3f3504f3) >> 23;
  const V t = (V)(bits - (e << 23)) - 1.0f;  // from √½ − 1 to √2 − 1
  V p = t * -0.211520411f + 0.319823574f;
  p = p * t - 0.365856956f;
  p = p * t + 0.479671486f;
  p = p * t - 0.721223469f;
  p = p * t + 1.44270303f;
  const V y = (p * t + __builtin_convertvector(e, V)) * b;
  const V k = y + 12582912.0f;  // 1.5 · 2^23: leaves y, rounded, in the low bits
  const V f = y - (k - 12582912.0f);
  V q = f * 0.00957007057f + 0.0559178579f;
  q = q * f + 0.240247456f;
  q = q * f + 0.693121815f;
  q = q * f + 0.999999261f;
  return (V)((Whole)q + ((Whole)k << 23));
}

// Wellons' lowbias32: every bit of the counter reaches every bit of the number.
static inline __attribute__((always_inline)) Natural mix(Natural x) {
  x ^= x >> 16;
  x *= 0x7feb352du;
  x ^= x >> 15;
  x *= 0x846ca68bu;
  return x ^ (x >> 16);
}

// The positions of one vector's lanes' partners, one coordinate to a vector.
template <int DIMS>
static inline __attribute__((always_inline)) void collect(const float* positions, const std::int32_t* at, int dims, V* out) {
  const int d = DIMS ? DIMS : dims;
  float lanes[(DIMS ? DIMS : 1) * W] __attribute__((aligned(64)));
  if constexpr (DIMS != 0) {
    for (int r = 0; r < W; ++r)
      for (int c = 0; c < DIMS; ++c)
        lanes[c * W + r] = positions[static_cast<std::size_t>(at[r]) * DIMS + static_cast<std::size_t>(c)];
    for (int c = 0; c < DIMS; ++c) out[c] = Lanes::load(lanes + c * W);
  } else {
    for (int c = 0; c < d; ++c) {
      for (int r = 0; r < W; ++r)
        lanes[r] = positions[static_cast<std::size_t>(at[r]) * static_cast<std::size_t>(d) + static_cast<std::size_t>(c)];
      out[c] = Lanes::load(lanes);
    }
  }
}

// Adds to `move` what one partner does to the points at `own`: the gradient, each coordinate within ±4, times alpha.
template <int DIMS, bool ATTRACT>
static inline __attribute__((always_inline)) void force(const Forces& f, const float* positions, const std::int32_t* at,
                                                        V alpha, int dims, const V* own, V* difference, V* move) {
  const int d = DIMS ? DIMS : dims;
  collect<DIMS>(positions, at, dims, difference);
  V square = Lanes::set1(0.0f);
  for (int c = 0; c < d; ++c) {
    difference[c] = own[c] - difference[c];
    square = square + difference[c] * difference[c];
  }
  square = Lanes::max(Lanes::min(square, Lanes::set1(1e18f)), Lanes::set1(1e-18f));
  const V p = power(square, f.b);
  const V shape = p * f.a + 1.0f;
  V factor;
  if (ATTRACT)
    factor = (p * f.attraction) / (square * shape);
  else
    factor = f.repulsion / ((square + 0.001f) * shape);
  for (int c = 0; c < d; ++c) {
    const V g = Lanes::max(Lanes::min(factor * difference[c], Lanes::set1(4.0f)), Lanes::set1(-4.0f));
    move[c] = move[c] + g * alpha;
  }
}

template <int DIMS>
static void push_and_pull_in(const Forces& f, const float* positions, std::uint32_t points, int dims, const Springs& s,
                             float* scratch) noexcept {
  const int d = DIMS ? DIMS : dims;
  V fixed[4 * (DIMS ? DIMS : 1)];
  V* const room = DIMS ? fixed : reinterpret_cast<V*>(scratch);
  V *const start = room, *const own = room + d, *const move = room + 2 * d, *const difference = room + 3 * d;
  for (int first = 0; first < kLayoutBlock; first += W) {
    for (int c = 0; c < d; ++c) start[c] = Lanes::load(s.start + c * kLayoutBlock + first);
    for (int c = 0; c < d; ++c) own[c] = Lanes::load(s.own + c * kLayoutBlock + first);
    const Natural key = mix(fetch<Natural>(s.keys + first) ^ s.round_key);
    const Whole self = fetch<Whole>(s.self + first), counts = fetch<Whole>(s.counts + first);
    const V alpha = Lanes::set1(f.alpha), none = Lanes::set1(0.0f);
    std::uint32_t drawn = s.drawn;
    std::int32_t most = 0;
    for (int r = 0; r < W; ++r) most = s.counts[first + r] > most ? s.counts[first + r] : most;
    for (std::int32_t fire = 0; fire < most; ++fire) {
      const Whole idle = counts <= fire;
      const V reach = idle ? none : alpha;
      const std::int32_t* const target = s.targets + fire * kLayoutBlock + first;
      for (int c = 0; c < d; ++c) move[c] = none;
      force<DIMS, true>(f, positions, target, reach, dims, start, difference, move);
      for (int n = 0; n < f.pushes; ++n) {
        drawn += 0x9e3779b9u;
        std::uint32_t number[W] __attribute__((aligned(64)));
        std::int32_t at[W] __attribute__((aligned(64)));
        const Natural x = mix(key + drawn);
        __builtin_memcpy(number, &x, sizeof x);
        for (int r = 0; r < W; ++r)
          at[r] = static_cast<std::int32_t>((static_cast<std::uint64_t>(number[r]) * points) >> 32);
        const V push = fetch<Whole>(at) == self ? none : reach;
        force<DIMS, false>(f, positions, at, push, dims, own, difference, move);
      }
      for (int c = 0; c < d; ++c) own[c] = own[c] + move[c];
    }
    for (int c = 0; c < d; ++c) Lanes::store(s.own + c * kLayoutBlock + first, own[c]);
  }
}

static void push_and_pull(const Forces& f, const float* positions, std::uint32_t points, std::size_t dims,
                          const Springs& s, float* scratch) noexcept {
  switch (dims) {
    case 2: return push_and_pull_in<2>(f, positions, points, 2, s, scratch);
    case 3: return push_and_pull_in<3>(f, positions, points, 3, s, scratch);
    default: return push_and_pull_in<0>(f, positions, points, static_cast<int>(dims), s, scratch);
  }
}
