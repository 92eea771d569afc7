#include "cuda/screener.h"

#include <algorithm>

#include "cuda/screen_ampere.cuh"
#include "cuda/screen_hopper.cuh"

namespace matomari::cuda {

namespace {

constexpr std::size_t kPair = kColumnTiles * kTileRows;

template <class Take>
void start(const Session& session, const ScreenRows& rows, const Targets& targets, std::size_t d, unsigned splits, const Take& take) {
  const unsigned grid = blocks(rows.count, kTileRows) * splits;
  if (session.hopper() && depth_tiles(d) <= hopper::kKeptDepth)
    launch(session.stream(), grid, hopper::kThreads, hopper::kShared, hopper::screen<true, Take>, rows, targets, d, splits, take);
  else if (session.hopper())
    launch(session.stream(), grid, hopper::kThreads, hopper::kShared, hopper::screen<false, Take>, rows, targets, d, splits, take);
  else
    launch(session.stream(), grid, ampere::kThreads, ampere::kShared, ampere::screen<Take>, rows, targets, d, splits, take);
}

ScreenRows piece_of(const ScreenRows& rows, std::size_t first, std::size_t count, std::size_t d) {
  return {rows.halves + first * depth_tiles(d) * kTileDepth, rows.facts + first, rows.extents + first, count};
}

// The most that a launch should take of something, in whole `unit`s, where one is so much work.
std::size_t some(double work, std::size_t unit) {
  return std::max<std::size_t>(1, static_cast<std::size_t>(kPieceWork / work / static_cast<double>(unit))) * unit;
}

}  // namespace

void screen_best(const Session& session, const ScreenRows& rows, const Targets& targets, std::size_t d, const TakeBest& take) {
  const double work = static_cast<double>(padded_targets(targets.count)) * static_cast<double>(d);
  // A tile for every processor, several times, so that none waits for the last ones.
  const std::size_t wave = session.processors() * kTileRows, fit = some(work, kTileRows);
  const std::size_t most = fit > wave ? fit / wave * wave : fit;
  for (std::size_t first = 0; first < rows.count; first += most) {
    const std::size_t count = std::min(most, rows.count - first);
    session.pace(static_cast<double>(count) * work);
    TakeBest piece = take;
    piece.first += first;
    start(session, piece_of(rows, first, count, d), targets, d, 1, piece);
  }
}

void screen_below(const Session& session, const ScreenRows& rows, const Targets& targets, std::size_t d, const TakeBelow& take) {
  const std::size_t most_rows = some(static_cast<double>(kPair * d), kTileRows);
  for (std::size_t first = 0; first < rows.count; first += most_rows) {
    const std::size_t count = std::min(most_rows, rows.count - first);
    const double work = static_cast<double>(padded_rows(count)) * static_cast<double>(d);
    const std::size_t most = some(work, kPair);
    for (std::size_t at = 0; at < targets.count; at += most) {
      Targets part = targets;
      part.halves += at * depth_tiles(d) * kTileDepth;
      part.facts += at;
      part.count = std::min(most, targets.count - at);
      TakeBelow piece = take;
      piece.counts += first;
      piece.candidates += first * take.most;
      piece.from = take.from > at ? take.from - static_cast<unsigned>(at) : 0;
      piece.base += static_cast<std::int32_t>(at);
      // Few rows would leave processors without work.
      const unsigned tiles = blocks(count, kTileRows), pairs = blocks(part.count, kPair);
      const unsigned splits = std::clamp(2 * session.processors() / tiles, 1u, pairs);
      session.pace(work * static_cast<double>(part.count));
      start(session, piece_of(rows, first, count, d), part, d, splits, piece);
    }
  }
}

}  // namespace matomari::cuda
