#pragma once
#include <cmath>
#include <vector>

#include "cuda_runtime.h"

// The twin of native/cuda/instructions.h, by the definitions of the PTX manual (sections on mma.sync, ldmatrix, wgmma and
// the matrix descriptors of shared memory, mbarrier, cp.async and cp.async.bulk). Copies are carried out as late as they
// may be, so that a kernel that does not wait for them reads rubbish.
namespace matomari::cuda {

template <class... Parameters, class... Arguments>
void launch(cudaStream_t stream, unsigned grid, unsigned block, std::size_t shared, void (*kernel)(Parameters...),
            Arguments... arguments) {
  emulator::enqueue(stream, [=] { emulator::run(grid, block, shared, [&] { kernel(arguments...); }); });
}

inline unsigned char* shared_memory() { return emulator::shared_memory(); }

inline std::uint16_t to_half(float v) {
  const auto h = static_cast<_Float16>(v);
  std::uint16_t bits;
  std::memcpy(&bits, &h, sizeof bits);
  return bits;
}
inline float from_half(std::uint16_t bits) {
  _Float16 h;
  std::memcpy(&h, &bits, sizeof h);
  return static_cast<float>(h);
}
inline float half_at(const void* p) {
  std::uint16_t bits;
  std::memcpy(&bits, p, sizeof bits);
  return from_half(bits);
}

struct Copy {
  void* to;
  const void* from;
  std::size_t bytes;
  void run() const { std::memcpy(to, from, bytes); }
};
struct Copies {
  std::vector<Copy> open;
  std::vector<std::vector<Copy>> groups;
};
inline Copies& copies_of_thread() {
  static std::vector<Copies> all(1024);
  return all[threadIdx.x];
}
inline void copy_async(void* shared, const void* global) { copies_of_thread().open.push_back({shared, global, 16}); }
inline void commit_copies() {
  Copies& c = copies_of_thread();
  c.groups.push_back(std::move(c.open));
  c.open.clear();
}
template <int kGroups>
void wait_copies() {
  auto& groups = copies_of_thread().groups;
  while (groups.size() > kGroups) {
    for (const Copy& c : groups.front()) c.run();
    groups.erase(groups.begin());
  }
}

inline void load_matrices(std::uint32_t (&out)[4], const void* row) {
  const void* const* const rows = emulator::exchange(row);
  const unsigned lane = emulator::lane();
  for (unsigned i = 0; i < 4; ++i)
    std::memcpy(&out[i], static_cast<const unsigned char*>(rows[8 * i + lane / 4]) + 4 * (lane % 4), 4);
}

struct Fragments {
  std::uint32_t a[4], b[2];
};
inline void multiply_add(float (&c)[4], const std::uint32_t (&a)[4], std::uint32_t b0, std::uint32_t b1) {
  const Fragments* const all = emulator::exchange(Fragments{{a[0], a[1], a[2], a[3]}, {b0, b1}});
  const unsigned lane = emulator::lane();
  auto half = [](std::uint32_t pair, unsigned which) { return from_half(static_cast<std::uint16_t>(pair >> (16 * which))); };
  for (unsigned i = 0; i < 4; ++i) {
    const unsigned row = lane / 4 + 8 * (i / 2), column = 2 * (lane % 4) + i % 2;
    float sum = c[i];
    for (unsigned k = 0; k < 16; ++k) {
      // a: register 0 is rows 0–7, columns 0–7; 1 rows 8–15; 2 and 3 columns 8–15. b: register 0 is k 0–7, 1 is k 8–15.
      const float x = half(all[4 * (row % 8) + k % 8 / 2].a[row / 8 + 2 * (k / 8)], k % 2);
      const float y = half(all[4 * column + k % 8 / 2].b[k / 8], k % 2);
      sum += x * y;
    }
    c[i] = sum;
  }
}

#define MATOMARI_HOPPER 1

// A barrier in its eight bytes: bytes still to come, arrivals still to come, how many there are, and the phase.
struct BarrierState {
  std::int32_t bytes;
  std::uint16_t pending, count : 15, phase : 1;
};
static_assert(sizeof(BarrierState) == 8);
struct BulkCopy {
  Copy copy;
  std::uint64_t* barrier;
};
inline std::vector<BulkCopy>& bulk_copies() {
  static std::vector<BulkCopy> all;
  return all;
}
template <class Change>
void change_barrier(std::uint64_t* barrier, Change&& change) {
  BarrierState s;
  std::memcpy(&s, barrier, sizeof s);
  change(s);
  if (s.pending == 0 && s.bytes == 0) {
    s.phase ^= 1;
    s.pending = s.count;
  }
  std::memcpy(barrier, &s, sizeof s);
}
inline void barrier_init(std::uint64_t* barrier, unsigned arrivals) {
  BarrierState s{};
  s.count = arrivals & 0x7FFF;
  s.pending = static_cast<std::uint16_t>(arrivals);
  std::memcpy(barrier, &s, sizeof s);
}
inline void barrier_publish() {}
inline void barrier_arrive(std::uint64_t* barrier) {
  change_barrier(barrier, [](BarrierState& s) { --s.pending; });
}
inline void barrier_expect(std::uint64_t* barrier, unsigned bytes) {
  change_barrier(barrier, [&](BarrierState& s) {
    s.bytes += static_cast<std::int32_t>(bytes);
    --s.pending;
  });
}
inline void barrier_wait(std::uint64_t* barrier, unsigned parity) {
  for (;;) {
    auto& copies = bulk_copies();
    for (std::size_t i = 0; i < copies.size();) {
      if (copies[i].barrier != barrier) {
        ++i;
        continue;
      }
      const BulkCopy c = copies[i];
      copies.erase(copies.begin() + static_cast<std::ptrdiff_t>(i));
      c.copy.run();
      change_barrier(barrier, [&](BarrierState& s) { s.bytes -= static_cast<std::int32_t>(c.copy.bytes); });
    }
    BarrierState s;
    std::memcpy(&s, barrier, sizeof s);
    if (s.phase != parity) return;
    emulator::yield();
  }
}
inline void copy_bulk(void* shared, const void* global, unsigned bytes, std::uint64_t* barrier) {
  bulk_copies().push_back({{shared, global, bytes}, barrier});
}

// As on the device: the address in the low bits, here from the start of the block's memory.
inline std::uint64_t matrix_descriptor(const void* shared, unsigned column) {
  const auto address = static_cast<std::uint64_t>(static_cast<const unsigned char*>(shared) - shared_memory()) + column * 2;
  return (address & 0x3FFFF) >> 4 | std::uint64_t{1} << 16 | std::uint64_t{1024 >> 4} << 32 | std::uint64_t{1} << 62;
}
// Row `row` of a descriptor's matrix, 16 columns: atoms of 8 rows a stride apart, rows of 128 bytes, and bits 4–6 of the
// address, which tell pieces of 16 bytes apart, swapped by bits 7–9.
inline void described(std::uint64_t descriptor, unsigned row, const unsigned char* memory, float (&out)[16]) {
  const std::uint64_t start = (descriptor & 0x3FFF) << 4, stride = (descriptor >> 32 & 0x3FFF) << 4;
  for (unsigned k = 0; k < 16; ++k) {
    const std::uint64_t address = start + row / 8 * stride + row % 8 * 128 + 2 * k;
    out[k] = half_at(memory + (address ^ (address >> 7 & 7) << 4));
  }
}
struct Product {
  float* c;
  std::uint64_t a, b;
  int add;
};
struct Products {
  std::vector<Product> open;
  std::vector<std::vector<Product>> groups;
};
inline Products& products_of_thread() {
  static std::vector<Products> all(1024);
  return all[threadIdx.x];
}
inline void group_hold(float (&)[128]) {}
inline void group_fence() {}
inline void group_commit() {
  Products& p = products_of_thread();
  p.groups.push_back(std::move(p.open));
  p.open.clear();
}
inline void multiply(const Product& p) {
  const unsigned lane = threadIdx.x % 32, row = 16 * (threadIdx.x / 32 % 4) + lane / 4;
  const unsigned char* const memory = shared_memory();
  float x[2][16], y[16];
  described(p.a, row, memory, x[0]);
  described(p.a, row + 8, memory, x[1]);
  for (unsigned n = 0; n < 64; ++n) {
    described(p.b, 8 * (n / 2) + 2 * (lane % 4) + n % 2, memory, y);
    for (unsigned h = 0; h < 2; ++h) {
      float& c = p.c[4 * (n / 2) + 2 * h + n % 2];
      float sum = p.add ? c : 0.0f;
      for (unsigned k = 0; k < 16; ++k) sum += x[h][k] * y[k];
      c = sum;
    }
  }
}
template <int kGroups>
void group_wait() {
  auto& groups = products_of_thread().groups;
  while (groups.size() > kGroups) {
    for (const Product& p : groups.front()) multiply(p);
    groups.erase(groups.begin());
  }
  // All of the warp are here before one goes on to give the memory back.
  emulator::sync_warp();
}
inline void group_multiply_add(float (&c)[128], std::uint64_t a, std::uint64_t b, int add) {
  products_of_thread().open.push_back({c, a, b, add});
}

}  // namespace matomari::cuda
