#pragma once
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "../native/points.h"
#include "core/error.h"
#include "distances/pair.h"

// What the tests of the device have in common.
namespace matomari::test {

inline constexpr Metric kMetrics[] = {Metric::euclidean, Metric::sqeuclidean, Metric::cosine, Metric::dot};

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

// The message with which the body is refused, which must be for this reason; empty where it is not.
template <class Body>
std::string refusal(core::Code wanted, Body&& body) {
  try {
    body();
  } catch (const core::Error& e) {
    CHECK(e.code() == wanted);
    return e.what();
  }
  return "";
}

// Whether the body, called with a context that is cancelled already, says so.
template <class Body>
bool stops(Body&& body) {
  core::Context ctx(1);
  ctx.cancel();
  return !refusal(core::Code::cancelled, [&] { body(ctx); }).empty();
}

inline Points bells(std::size_t rows, std::size_t cols, std::uint64_t seed) {
  Numbers n(seed);
  return make(rows, cols, [&](std::size_t, std::size_t) { return n.bell(); });
}
// 1, 2, 3 …: good for every operation, and easy to spoil.
inline Points ladder(std::size_t rows, std::size_t cols) {
  return make(rows, cols, [](std::size_t i, std::size_t l) { return static_cast<float>(i + l + 1); });
}
inline Points with_nan(Points points, std::size_t row, std::size_t col) {
  points.data[row * points.cols + col] = std::nanf("");
  return points;
}
inline Points with_zero_row(Points points, std::size_t row) {
  for (std::size_t l = 0; l < points.cols; ++l) points.data[row * points.cols + l] = 0;
  return points;
}

}  // namespace matomari::test
