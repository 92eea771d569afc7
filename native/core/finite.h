#pragma once
#include "core/context.h"
#include "core/view.h"

namespace matomari::core {

// Throws bad_input that names row and column of the first NaN or infinity. `name` says which matrix.
void require_finite(Context& ctx, ConstMatrix m, const char* name);

}  // namespace matomari::core
