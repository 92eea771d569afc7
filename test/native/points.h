#pragma once
#include <cstddef>
#include <vector>

#include "core/view.h"
#include "harness.h"

// Data that the tests of operations run on.
namespace matomari::test {

struct Points {
  std::vector<float> data;
  std::size_t rows, cols;
  operator core::ConstMatrix() const { return {data.data(), rows, cols}; }
};

template <class Value>
Points make(std::size_t rows, std::size_t cols, Value&& value) {
  Points p{{}, rows, cols};
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t l = 0; l < cols; ++l) p.data.push_back(value(i, l));
  return p;
}

// The kinds of data that float32 scores have trouble with. No row is zero.
inline std::vector<Points> all_points(std::size_t rows, std::size_t cols) {
  Numbers n(rows * 1000 + cols);
  std::vector<float> common(cols);
  for (float& v : common) v = n.bell();
  std::vector<Points> all;
  all.push_back(make(rows, cols, [&](std::size_t, std::size_t) { return n.bell(); }));
  all.push_back(make(rows, cols, [&](std::size_t i, std::size_t l) { return 9 * common[(l + i % 5) % cols] + 0.3f * n.bell(); }));
  all.push_back(make(rows, cols, [&](std::size_t, std::size_t l) { return static_cast<float>(n.below(3)) + (l == 0 ? 1.0f : 0.0f); }));
  all.push_back(make(rows, cols, [&](std::size_t, std::size_t) { return 1e4f + n.bell(); }));
  all.push_back(make(rows, cols, [&](std::size_t i, std::size_t l) {
    return i % 11 == 7 ? all[0].data[(i - 7) * cols + l] : 3 * common[l] + 0.5f * n.bell();
  }));
  all.push_back(make(rows, cols, [&](std::size_t i, std::size_t) { return n.bell() * (i == rows / 2 ? 1e7f : 1.0f); }));
  all.push_back(make(rows, cols, [&](std::size_t, std::size_t l) { return n.bell() * 1e-41f + (l == 0 ? 1e-41f : 0.0f); }));
  all.push_back(make(rows, cols, [&](std::size_t i, std::size_t) { return n.bell() * (i % 3 ? 8e37f : 1.0f); }));
  all.push_back(make(rows, cols, [&](std::size_t, std::size_t l) { return static_cast<float>(l) + 0.1f; }));
  return all;
}

inline Points every(const Points& p, std::size_t count) {
  return make(count, p.cols, [&](std::size_t j, std::size_t l) { return p.data[j * p.rows / count * p.cols + l]; });
}

}  // namespace matomari::test
