#pragma once
#include <cstddef>
#include <cstdint>

#include "core/context.h"
#include "core/view.h"
#include "distances/pair.h"

namespace matomari {

// Beyond as many dimensions every query is compared with every point.
inline constexpr std::size_t kTreeDimensions = 8;

// Whether a k-d tree is quicker than comparing every query with every point.
bool suits_near_tree(std::size_t queries, std::size_t points, std::size_t dims, std::size_t count, Metric metric) noexcept;

// What `nearest` gives, for the euclidean metrics, by a k-d tree.
void nearest_by_tree(core::Context& ctx, core::ConstMatrix queries, core::ConstMatrix points, std::size_t count,
                     Metric metric, std::int32_t* indices, float* distances);

}  // namespace matomari
