#pragma once
#include "core/context.h"
#include "core/view.h"
#include "distances/pair.h"

namespace matomari::cuda {

// matomari::distances on a CUDA device: the same numbers to the bit.
void distances(core::Context& ctx, int device, core::ConstMatrix a, core::ConstMatrix b, Metric metric, core::MutableMatrix out);

}  // namespace matomari::cuda
