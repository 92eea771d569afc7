#pragma once
#include "cuda/api.h"

// The plugin's operations, as its table lists them.
namespace matomari::cuda {

int assign(const MatomariCudaJob* job, MatomariCudaAssign* arguments, MatomariCudaError* error);
int distances(const MatomariCudaJob* job, MatomariCudaDistances* arguments, MatomariCudaError* error);
int kmeans(const MatomariCudaJob* job, MatomariCudaKMeans* arguments, MatomariCudaError* error);
int nearest(const MatomariCudaJob* job, MatomariCudaNearest* arguments, MatomariCudaError* error);
int weighted_mean(const MatomariCudaJob* job, MatomariCudaWeightedMean* arguments, MatomariCudaError* error);

}  // namespace matomari::cuda
