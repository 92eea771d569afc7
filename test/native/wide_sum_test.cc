#include <cmath>

#include "core/exact_sum.h"
#include "core/wide_sum.h"
#include "harness.h"

using namespace matomari;
using namespace matomari::test;

namespace {

// A float32 number of any size, denormal ones included.
float wild(Numbers& n) {
  for (;;) {
    const float v = std::bit_cast<float>(n.bits());
    if (std::isfinite(v)) return v;
  }
}

}  // namespace

TEST(wide_sum_has_the_sign_of_the_exact_sum) {
  Numbers n(11);
  core::WideSum wide;
  core::ExactSum exact;
  for (int round = 0; round < 20000; ++round) {
    wide.clear();
    exact.clear();
    auto add = [&](double v) {
      wide.add(v);
      exact.add(v);
    };
    const std::size_t terms = 1 + n.below(6);
    float last = 1, before = 1;
    for (std::size_t i = 0; i < terms; ++i) {
      before = last;
      last = wild(n);
      add(2 * static_cast<double>(last) * static_cast<double>(before));
      if (n.below(2)) add(-static_cast<double>(last) * static_cast<double>(before));
      if (n.below(2)) add(-static_cast<double>(last) * static_cast<double>(before));
    }
    CHECK(wide.sign() == exact.sign());
  }
}

TEST(wide_sum_at_its_ends) {
  core::WideSum sum;
  CHECK(sum.sign() == 0);
  sum.add(0.0);
  sum.add(-0.0);
  CHECK(sum.sign() == 0);
  const double smallest = 0x1p-298, largest = 2 * 0x1.fffffep127 * 0x1.fffffep127;
  sum.add(smallest);
  CHECK(sum.sign() == 1);
  sum.add(-largest);
  CHECK(sum.sign() == -1);
  for (int i = 0; i < 1000; ++i) sum.add(largest);
  for (int i = 0; i < 999; ++i) sum.add(-largest);
  CHECK(sum.sign() == 1);
  sum.add(-smallest);
  CHECK(sum.sign() == 0);
  sum.add(-smallest);
  CHECK(sum.sign() == -1);
}
