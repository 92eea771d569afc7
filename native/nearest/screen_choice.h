#pragma once
#include <cstddef>

#include "nearest/centroid_search.h"
#include "simd/screens.h"

namespace matomari {

enum class ScreenWish { automatic, f32, bf16, int8 };

// The screen to begin with. One that this machine lacks, or that does not belong to the SIMD level, gives way to f32.
//
// Written for AVX-512, in multiply-adds per row (clusters, rounded up to whole vectors, times d): a row costs about
// work / 55 ns in float32, work / 108 in bf16 and work / 215 in int8, and packing it d / 3 ns. Below 40,000 what int8 leaves in doubt
// costs more than its products save; float32 wins only where neither packing nor fewer bytes pay, which rows that are packed
// once for many passes do soon.
simd::Screen choose_screen(const simd::Kernels& k, ScreenWish wish, std::size_t clusters, std::size_t d,
                           bool packed_once = false) noexcept;

// The screen to go on with after this search left `doubt` among so many rows: the same, or the next finer one where that costs less.
// A row in doubt costs a quarter of a microsecond, and one that is left to float32 the products of that as well.
simd::Screen next_screen(const CentroidSearch& search, const Doubt& doubt, std::size_t rows) noexcept;

// Of a sample of the rows what the search leaves in doubt, and the screen to go on with. Writes into labels, which must be of
// all rows.
simd::Screen next_by_sample(core::Context& ctx, const CentroidSearch& search, const CentroidSearch::Rows& rows, std::int32_t* labels);

}  // namespace matomari
