#include "nearest/screen_choice.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <vector>

#include "core/parallel.h"

namespace matomari {

namespace {
constexpr std::size_t kInt8Work = 40000, kBf16Work = 16000, kBf16WorkPacked = 3000;

std::size_t work_of(std::size_t clusters, std::size_t d) noexcept { return (clusters + 15) / 16 * 16 * d; }
}

simd::Screen choose_screen(const simd::Kernels& k, ScreenWish wish, std::size_t clusters, std::size_t d,
                           bool packed_once) noexcept {
  using simd::Screen;
  auto has = [&](Screen s) { return simd::screen_kernels(s, k.level) != nullptr; };
  if (wish != ScreenWish::automatic) {
    const Screen wanted = wish == ScreenWish::int8 ? Screen::int8 : wish == ScreenWish::bf16 ? Screen::bf16 : Screen::f32;
    return has(wanted) ? wanted : Screen::f32;
  }
  const std::size_t work = work_of(clusters, d);
  if (clusters < 2 || d < 32) return Screen::f32;
  if (work >= kInt8Work && has(Screen::int8)) return Screen::int8;
  if (work >= (packed_once ? kBf16WorkPacked : kBf16Work) && has(Screen::bf16)) return Screen::bf16;
  return Screen::f32;
}

simd::Screen next_screen(const CentroidSearch& search, const Doubt& doubt, std::size_t rows) noexcept {
  using simd::Screen;
  if (search.screen() == Screen::f32) return Screen::f32;
  const bool coarse = search.screen() == Screen::int8;
  const auto work = static_cast<double>(work_of(search.clusters(), search.cols()));
  const double pass = work / (coarse ? 215 : 108), finer = work / (coarse ? 108 : 55);
  const double ours = 250 * static_cast<double>(doubt.rows) + work / 55 * static_cast<double>(doubt.float32);
  if (ours <= (finer - pass) * static_cast<double>(rows)) return search.screen();
  return coarse ? Screen::bf16 : Screen::f32;
}

simd::Screen next_by_sample(core::Context& ctx, const CentroidSearch& search, const CentroidSearch::Rows& rows, std::int32_t* labels) {
  if (search.screen() == simd::Screen::f32) return simd::Screen::f32;
  const std::size_t n = rows.points.rows, count = std::min<std::size_t>(n, std::clamp<std::size_t>(n / 64, 96, 960)), step = n / count;
  std::vector<std::uint32_t> ids(count);
  for (std::size_t i = 0; i < count; ++i) ids[i] = static_cast<std::uint32_t>(i * step);
  CentroidSearch::Rows sample = rows;
  sample.ids = ids.data();
  constexpr std::size_t kGrain = 96;  // whole blocks of the search
  std::vector<Doubt> doubt((count + kGrain - 1) / kGrain);
  std::vector<std::unique_ptr<CentroidSearch::Scratch>> scratch(ctx.threads());
  core::parallel_for(ctx, count, kGrain, [&](std::size_t begin, std::size_t end, unsigned slot) {
    if (!scratch[slot]) scratch[slot] = std::make_unique<CentroidSearch::Scratch>(search);
    doubt[begin / kGrain] = search.assign(ctx, sample, begin, end, labels, {}, *scratch[slot]);
  });
  return next_screen(search, std::accumulate(doubt.begin(), doubt.end(), Doubt{}, [](Doubt sum, const Doubt& d) { return sum += d; }), count);
}

}  // namespace matomari
