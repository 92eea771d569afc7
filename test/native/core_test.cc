#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "core/buffer.h"
#include "core/context.h"
#include "core/exact_sum.h"
#include "core/finite.h"
#include "core/fixed_point.h"
#include "core/parallel.h"
#include "core/philox.h"
#include "harness.h"

using namespace matomari;
using namespace matomari::test;

// The first three are Random123's own known answers (kat_vectors, philox4x32-10).
TEST(philox_gives_the_published_numbers) {
  using Four = std::array<std::uint32_t, 4>;
  CHECK((core::philox({0, 0, 0, 0}, 0) == Four{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const std::uint32_t ones = 0xffffffff;
  CHECK((core::philox({ones, ones, ones, ones}, ~std::uint64_t{0}) == Four{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  CHECK((core::philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0x299f31d0a4093822) ==
         Four{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(draw_below_stays_below_and_is_even) {
  std::vector<int> seen(7, 0);
  for (std::uint32_t i = 0; i < 7000; ++i) {
    const std::uint64_t x = core::draw_below(7, 3, core::Stream::kmeans_first, 0, 0, i);
    CHECK(x < 7);
    ++seen[x];
  }
  for (int n : seen) CHECK(n > 880 && n < 1120);
  const std::uint64_t large = (std::uint64_t{1} << 62) + 12345;
  bool upper = false;
  for (std::uint32_t i = 0; i < 100; ++i) {
    const std::uint64_t x = core::draw_below(large, 3, core::Stream::kmeans_first, 0, 0, i);
    CHECK(x < large);
    upper |= x > large / 2;
  }
  CHECK(upper);
  CHECK(core::draw_below(1, 9, core::Stream::kmeans_trial, 1, 2, 3) == 0);
}

TEST(fixed_point_rounds_to_even_and_never_overflows) {
  CHECK(core::to_fixed(2.5) == 2 && core::to_fixed(3.5) == 4 && core::to_fixed(-2.5) == -2 && core::to_fixed(-3.7) == -4);
  CHECK(core::to_fixed(0x1p50) == std::int64_t{1} << 50 && core::to_fixed(-0x1p50) == -(std::int64_t{1} << 50));
  for (std::size_t n : {std::size_t{1}, std::size_t{2}, std::size_t{1000}, std::size_t{1} << 31, std::size_t{1} << 40})
    for (double largest : {1e-300, 1e-90, 0x1p-149, 0.7, 1.0, 3.4e38, 1e77, 1e90}) {
      const core::FixedSum sum(largest, n);
      const std::int64_t term = sum.term(largest);
      CHECK(term >= 0 && term <= sum.most());
      CHECK(static_cast<double>(term) * static_cast<double>(n) <= 0x1p62);
      const double back = sum.value(term);
      CHECK(std::abs(back - largest) <= largest * std::ldexp(1.0, -core::fixed_bits(n)) || largest < 1e-200);
    }
  CHECK(core::fixed_scale(0, 10) == 1);
}

TEST(fixed_sums_do_not_depend_on_the_order) {
  Numbers numbers(5);
  std::vector<double> values;
  for (int i = 0; i < 5000; ++i) values.push_back(static_cast<double>(numbers.bell()) * std::ldexp(1.0, static_cast<int>(numbers.below(40))));
  const core::FixedSum fixed(4 * 0x1p40, values.size());
  std::int64_t forward = 0, backward = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    forward += fixed.term(values[i]);
    backward += fixed.term(values[values.size() - 1 - i]);
  }
  CHECK(forward == backward);
}

TEST(exact_sum_sees_the_last_bit) {
  core::ExactSum sum;
  CHECK(sum.sign() == 0);
  sum.add(1e30);
  sum.add(1e-60);
  sum.add(-1e30);
  CHECK(sum.sign() == 1);
  sum.add(-1e-60);
  CHECK(sum.sign() == 0);
  sum.clear();
  for (int i = 0; i < 200; ++i) sum.add(std::ldexp(i % 2 ? 1.0 : -1.0, (i * 37) % 400 - 200));
  for (int i = 199; i >= 0; --i) sum.add(std::ldexp(i % 2 ? -1.0 : 1.0, (i * 37) % 400 - 200));
  CHECK(sum.sign() == 0);
  // Against whole numbers that a 128-bit integer holds.
  Numbers numbers(8);
  for (int round = 0; round < 300; ++round) {
    sum.clear();
    __int128 exact = 0;
    for (int i = 0; i < 30; ++i) {
      const int shift = static_cast<int>(numbers.below(70));
      const std::int64_t v = static_cast<std::int64_t>(numbers.bits()) - 0x80000000LL;
      exact += static_cast<__int128>(v) << shift;
      sum.add(std::ldexp(static_cast<double>(v), shift));
    }
    // Take away all but a little, so that the sign hangs on the low bits.
    const double most = static_cast<double>(exact);
    exact -= static_cast<__int128>(most);
    sum.add(-most);
    CHECK(sum.sign() == (exact > 0 ? 1 : exact < 0 ? -1 : 0));
  }
}

TEST(buffers_are_aligned_and_say_what_they_could_not_get) {
  for (std::size_t n : {std::size_t{1}, std::size_t{17}, std::size_t{1000}}) {
    const core::Buffer<float> buffer(n, 2.5f);
    CHECK(reinterpret_cast<std::uintptr_t>(buffer.data()) % 64 == 0);
    CHECK(buffer.size() == n && buffer[n - 1] == 2.5f);
  }
  CHECK(core::Buffer<double>(0).data() == nullptr);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  try {
    const core::Buffer<double> buffer(std::size_t{1} << 57);
    CHECK(!"nothing was thrown");
  } catch (const core::Error& e) {
    CHECK(e.code() == core::Code::out_of_memory);
    CHECK(std::string(e.what()).find("1099511627776 MiB") != std::string::npos);
  }
#endif
}

TEST(require_finite_names_the_first_place_on_any_number_of_threads) {
  const std::size_t rows = 700, cols = 900;  // more than one range
  std::vector<float> data(rows * cols, 1.0f);
  for (unsigned threads : {1u, 2u, 7u}) {
    core::Context ctx(threads);
    core::require_finite(ctx, {data.data(), rows, cols}, "points");
    for (auto [i, v, name] : {std::tuple{rows * cols - 1, std::numeric_limits<float>::quiet_NaN(), "NaN"},
                              std::tuple{std::size_t{600000}, std::numeric_limits<float>::infinity(), "Infinity"},
                              std::tuple{std::size_t{5}, -std::numeric_limits<float>::infinity(), "-Infinity"}}) {
      data[i] = v;
      data[rows * cols - 1] = std::numeric_limits<float>::quiet_NaN();
      try {
        core::require_finite(ctx, {data.data(), rows, cols}, "points");
        CHECK(!"nothing was thrown");
      } catch (const core::Error& e) {
        const std::string wanted = std::string("points holds ") + name + " at row " + std::to_string(i / cols) +
                                   ", column " + std::to_string(i % cols) + ":";
        CHECK(std::string(e.what()).rfind(wanted, 0) == 0);
      }
      data[i] = data[rows * cols - 1] = 1.0f;
    }
  }
  // The largest float32 and denormals are numbers.
  data[3] = std::numeric_limits<float>::max();
  data[4] = std::numeric_limits<float>::denorm_min();
  core::Context ctx(1);
  core::require_finite(ctx, {data.data(), rows, cols}, "points");
}

TEST(parallel_for_does_every_range_once) {
  for (unsigned threads : {1u, 2u, 3u, 7u, 40u})
    for (std::size_t n : {std::size_t{0}, std::size_t{1}, std::size_t{95}, std::size_t{960}})
      for (std::size_t grain : {std::size_t{0}, std::size_t{1}, std::size_t{32}, std::size_t{2000}}) {
        core::Context ctx(threads);
        std::vector<std::atomic<int>> seen(n);
        std::vector<std::atomic<int>> busy(threads);
        core::parallel_for(ctx, n, grain, [&](std::size_t begin, std::size_t end, unsigned slot) {
          // A slot is one thread at a time: scratch memory hangs on it.
          if (slot >= threads || busy[slot].fetch_add(1) != 0) throw std::logic_error("slot");
          for (std::size_t i = begin; i < end; ++i) ++seen[i];
          busy[slot].fetch_sub(1);
        });
        for (const auto& s : seen) CHECK(s.load() == 1);
      }
}

TEST(parallel_for_throws_what_a_thread_throws) {
  for (unsigned threads : {1u, 4u}) {
    core::Context ctx(threads);
    try {
      core::parallel_for(ctx, 1000, 1, [](std::size_t begin, std::size_t, unsigned) {
        if (begin == 500) throw std::runtime_error("five hundred");
      });
      CHECK(!"nothing was thrown");
    } catch (const std::runtime_error& e) {
      CHECK(std::string(e.what()) == "five hundred");
    }
  }
}

TEST(parallel_for_stops_when_cancelled) {
  for (unsigned threads : {1u, 4u}) {
    core::Context ctx(threads);
    std::atomic<int> done{0};
    try {
      core::parallel_for(ctx, 100000, 1, [&](std::size_t, std::size_t, unsigned) {
        if (++done == 10) ctx.cancel();
      });
      CHECK(!"nothing was thrown");
    } catch (const core::Error& e) {
      CHECK(e.code() == core::Code::cancelled);
    }
    CHECK(done.load() < 100);
  }
}

TEST(parallel_work_may_be_started_from_many_threads_at_once) {
  std::vector<std::thread> threads;
  std::vector<std::uint64_t> sums(6, 0);
  for (std::size_t t = 0; t < sums.size(); ++t)
    threads.emplace_back([&sums, t] {
      for (int round = 0; round < 30; ++round) {
        core::Context ctx(3);
        std::atomic<std::uint64_t> sum{0};
        core::parallel_for(ctx, 1000, 7, [&](std::size_t begin, std::size_t end, unsigned) {
          for (std::size_t i = begin; i < end; ++i) sum += i;
        });
        sums[t] += sum;
      }
    });
  for (auto& t : threads) t.join();
  for (const std::uint64_t s : sums) CHECK(s == 30 * 499500);
}

TEST(progress_only_rises_within_a_stage) {
  core::Context ctx(1);
  CHECK(std::string(ctx.progress().stage).empty());
  ctx.progress("a", 5, 10);
  ctx.progress("a", 3, 10);
  CHECK(ctx.progress().done == 5);
  ctx.progress("b", 1, 4);
  CHECK(ctx.progress().done == 1 && ctx.progress().total == 4);
}
