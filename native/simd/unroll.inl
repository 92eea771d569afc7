// `rep<N>(f)` calls f(0) … f(N − 1), expanded at compile time. Included by kernel files into their own namespace.
//
// g++ spills accumulators that sit in an array indexed by a loop it does not unroll fully, which costs half the speed:
// hence this instead of a loop.

template <int... I>
struct Indices {};
template <int N, int... I>
struct MakeIndices : MakeIndices<N - 1, N - 1, I...> {};
template <int... I>
struct MakeIndices<0, I...> {
  using type = Indices<I...>;
};
template <int I>
struct Const {
  constexpr operator int() const { return I; }
};
template <class F, int... I>
static inline __attribute__((always_inline)) void rep_(F&& f, Indices<I...>) {
  (f(Const<I>{}), ...);
}
template <int N, class F>
static inline __attribute__((always_inline)) void rep(F&& f) {
  rep_(static_cast<F&&>(f), typename MakeIndices<N>::type{});
}
