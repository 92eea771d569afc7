#pragma once
#include <cstddef>

#include "nearest/centroid_search.h"
#include "simd/screens.h"

namespace matomari {

enum class ScreenWish { automatic, f32, bf16, int8 };

// The screen to begin with. One that this machine lacks, or that does not belong to the SIMD level, gives way to f32.
//
// Written for AVX-512, in multiply-adds per row (clusters, rounded up to whole vectors, times d): a row costs about
// work / 55 ns in float32, work / 108 in bf16 and work / 215 in int8; packing it d / 3 ns; and each row in doubt a second
// screening and half a microsecond, of which bf16 leaves some 5 % and int8 some 30 %.
simd::Screen choose_screen(const simd::Kernels& k, ScreenWish wish, std::size_t clusters, std::size_t d) noexcept;

// The screen to go on with after this one left `share` of the rows in doubt: the same, or the next finer one.
simd::Screen next_screen(simd::Screen screen, double share) noexcept;

// The share of a sample of the rows that the search leaves in doubt. Writes into labels, which must be of all rows.
double sample_doubt(core::Context& ctx, const CentroidSearch& search, const CentroidSearch::Rows& rows,
                    std::int32_t* labels);

}  // namespace matomari
