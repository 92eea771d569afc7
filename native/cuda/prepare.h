#pragma once
#include <cstddef>
#include <cstdint>

#include "cuda/runtime.h"
#include "distances/pair.h"

// What comes before and after a search. All pointers are device memory; nothing waits.
namespace matomari::cuda {

// Sets *bad where one of n values is infinite or NaN.
void find_not_finite(const Session& session, const float* values, std::size_t n, unsigned* bad);

// Throws bad_input where one was: the caller names row and column. Waits.
void refuse_if(const DeviceBuffer<unsigned>& bad);

// Squared lengths of the rows, in float64 in index order.
void squared_lengths(const Session& session, const float* values, std::size_t rows, std::size_t d, double* out);
// 1/length of each; sets *bad where a row is zero.
void inverse_lengths(const Session& session, const float* values, std::size_t rows, std::size_t d, double* out, unsigned* bad);

// The same from squared lengths; 0 where a row is zero.
void inverse_lengths(const Session& session, const double* squares, std::size_t rows, double* out);

// Targets as float64, for `unit` brought to length 1, in index order.
void widen(const Session& session, const float* in, std::size_t rows, std::size_t d, bool unit, double* out);
void widen(const Session& session, const double* in, std::size_t rows, std::size_t d, bool unit, double* out);

// Column means of a sample of the rows, each times its factor (null: 1): only a centre to subtract, which changes no result.
void column_means(const Session& session, const float* values, std::size_t rows, std::size_t d, const double* factor, float* mean);

// How far each row is from the target of its label.
void label_distances(const Session& session, Metric metric, const float* points, std::size_t rows, std::size_t d,
                     const float* targets, const double* target_squares, const std::int32_t* labels, float* out);

}  // namespace matomari::cuda
