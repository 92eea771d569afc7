#pragma once
#include <cstddef>

namespace matomari::core {

// A row-major matrix that somebody else owns.
template <class T>
struct MatrixView {
  T* data = nullptr;
  std::size_t rows = 0;
  std::size_t cols = 0;

  T* row(std::size_t i) const noexcept { return data + i * cols; }
  std::size_t size() const noexcept { return rows * cols; }
  operator MatrixView<const T>() const noexcept { return {data, rows, cols}; }
};

using ConstMatrix = MatrixView<const float>;
using MutableMatrix = MatrixView<float>;

}  // namespace matomari::core
