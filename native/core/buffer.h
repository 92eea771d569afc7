#pragma once
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <type_traits>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "core/error.h"

namespace matomari::core {

// Scratch memory, 64-byte aligned and uninitialised. Failure becomes an out_of_memory that says how much was asked.
// Much of it is asked for in large pages, which spares a page fault every 4 KiB and the misses of the address cache.
template <class T>
class Buffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Buffer() = default;
  explicit Buffer(std::size_t n) : size_(n) {
    if (n == 0) return;
    const std::size_t align = n * sizeof(T) >= 2 * kLargePage ? kLargePage : 64;
    const std::size_t bytes = (n * sizeof(T) + align - 1) / align * align;
    data_.reset(static_cast<T*>(std::aligned_alloc(align, bytes)));
    if (!data_)
      throw Error(Code::out_of_memory, std::to_string(bytes >> 20) + " MiB of scratch memory could not be allocated");
#if defined(__linux__)
    if (align == kLargePage) madvise(data_.get(), bytes, MADV_HUGEPAGE);  // a wish: nothing depends on it
#endif
  }
  Buffer(std::size_t n, T value) : Buffer(n) {
    for (std::size_t i = 0; i < n; ++i) data_.get()[i] = value;
  }

  T* data() const noexcept { return data_.get(); }
  std::size_t size() const noexcept { return size_; }
  T& operator[](std::size_t i) const noexcept { return data_.get()[i]; }
  T* begin() const noexcept { return data(); }
  T* end() const noexcept { return data() + size_; }

 private:
  static constexpr std::size_t kLargePage = std::size_t{2} << 20;

  struct Free {
    void operator()(T* p) const noexcept { std::free(p); }
  };
  std::unique_ptr<T, Free> data_;
  std::size_t size_ = 0;
};

}  // namespace matomari::core
