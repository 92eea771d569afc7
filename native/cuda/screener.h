#pragma once
#include "cuda/packed.h"
#include "cuda/runtime.h"

// The screens, by the tile kernel of the device. Some rows or targets at a time, so that a cancelled job is not kept waiting.
namespace matomari::cuda {

void screen_best(const Session& session, const ScreenRows& rows, const Targets& targets, std::size_t d, const TakeBest& take);
void screen_below(const Session& session, const ScreenRows& rows, const Targets& targets, std::size_t d, const TakeBelow& take);

}  // namespace matomari::cuda
