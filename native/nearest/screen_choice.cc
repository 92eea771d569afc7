#include "nearest/screen_choice.h"

#include <algorithm>
#include <vector>

namespace matomari {

namespace {
constexpr std::size_t kInt8Work = 60000, kBf16Work = 8000;
}

simd::Screen choose_screen(const simd::Kernels& k, ScreenWish wish, std::size_t clusters, std::size_t d) noexcept {
  using simd::Screen;
  auto has = [&](Screen s) { return simd::screen_kernels(s, k.level) != nullptr; };
  if (wish != ScreenWish::automatic) {
    const Screen wanted = wish == ScreenWish::int8 ? Screen::int8 : wish == ScreenWish::bf16 ? Screen::bf16 : Screen::f32;
    return has(wanted) ? wanted : Screen::f32;
  }
  const std::size_t work = (clusters + 15) / 16 * 16 * d;
  if (clusters < 2 || d < 32) return Screen::f32;
  if (work >= kInt8Work && has(Screen::int8)) return Screen::int8;
  if (work >= kBf16Work && has(Screen::bf16)) return Screen::bf16;
  return Screen::f32;
}

simd::Screen next_screen(simd::Screen screen, double share) noexcept {
  if (share <= 0.5) return screen;
  return screen == simd::Screen::int8 ? simd::Screen::bf16 : simd::Screen::f32;
}

double sample_doubt(core::Context& ctx, const CentroidSearch& search, const CentroidSearch::Rows& rows,
                    std::int32_t* labels) {
  const std::size_t count = std::min<std::size_t>(rows.points.rows, 960), step = rows.points.rows / count;
  std::vector<std::uint32_t> ids(count);
  for (std::size_t i = 0; i < count; ++i) ids[i] = static_cast<std::uint32_t>(i * step);
  CentroidSearch::Rows sample = rows;
  sample.ids = ids.data();
  CentroidSearch::Scratch scratch(search);
  return static_cast<double>(search.assign(ctx, sample, 0, count, labels, {}, scratch)) / static_cast<double>(count);
}

}  // namespace matomari
