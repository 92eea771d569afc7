#pragma once
#include <cstddef>

#include "distances/pair.h"

namespace matomari::cuda {

// The targets that labels are decided by.
struct Decider {
  Metric metric;
  const double* targets;       // [count × d]; for cosine of length 1
  const float* exact_targets;  // [count × d] where labels are to be exact, else null
  std::size_t count, d;
};

}  // namespace matomari::cuda
