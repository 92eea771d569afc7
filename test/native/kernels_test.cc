#include <algorithm>
#include <bit>
#include <cfloat>
#include <cmath>
#include <cstring>
#include <vector>

#include "core/fixed_point.h"
#include "harness.h"
#include "nearest/panels.h"
#include "nearest/product_bound.h"
#include "nearest/slots.h"

using namespace matomari;
using namespace matomari::test;

// Every kernel of every level against the plain loop it stands for. Float32 within its own error bound; float64 and
// integers to the bit.

namespace {

struct Tile {
  std::size_t rows, width, depth, ld;
  std::vector<float> x, panel, offset;
};

Tile tile(const simd::Kernels& k, std::size_t vectors, std::size_t tiles, std::size_t depth, Numbers& numbers) {
  Tile t{tiles * k.row_tile, vectors * k.lanes, depth, depth + 3, {}, {}, {}};
  for (std::size_t i = 0; i < t.rows * t.ld; ++i) t.x.push_back(numbers.bell());
  for (std::size_t i = 0; i < t.width * depth; ++i) t.panel.push_back(numbers.bell());
  for (std::size_t i = 0; i < t.width; ++i) t.offset.push_back(numbers.bell());
  return t;
}

// The score in float64, and how far a float32 one may be from it.
double score(const simd::Kernels& k, const Tile& t, std::size_t r, std::size_t j, double& bound) {
  double sum = static_cast<double>(t.offset[j]), size = std::abs(sum);
  for (std::size_t l = 0; l < t.depth; ++l) {
    const double p = static_cast<double>(t.x[r * t.ld + l]) * static_cast<double>(t.panel[l * t.width + j]);
    sum -= p;
    size += std::abs(p);
  }
  bound = size * (static_cast<double>(k.roundings) * static_cast<double>(t.depth) + 1) * kUnit32;
  return sum;
}

}  // namespace

TEST(score_store_is_offset_minus_product) {
  Numbers numbers(1);
  for (const auto* k : levels())
    for (std::size_t vectors = 1; vectors <= k->panel / k->lanes; ++vectors)
      for (std::size_t depth : {1, 2, 17, 64}) {
        const Tile t = tile(*k, vectors, 2, depth, numbers);
        std::vector<float> out(t.rows * t.width + 1, -7);
        k->score_store(t.x.data(), t.ld, t.rows, t.panel.data(), t.width, depth, t.offset.data(), out.data());
        for (std::size_t r = 0; r < t.rows; ++r)
          for (std::size_t j = 0; j < t.width; ++j) {
            double bound;
            const double wanted = score(*k, t, r, j, bound);
            CHECK(std::abs(static_cast<double>(out[r * t.width + j]) - wanted) <= bound);
          }
        CHECK(out.back() == -7);
      }
}

TEST(score_best_keeps_the_lowest_of_each_lane_and_the_lowest_of_all_others) {
  Numbers numbers(2);
  for (const auto* k : levels())
    for (std::size_t vectors = 1; vectors <= k->panel / k->lanes; ++vectors)
      for (bool ties : {false, true}) {
        Tile t = tile(*k, vectors, 3, 9, numbers);
        if (ties) {
          // Whole numbers: scores are exact and many are equal.
          for (float& v : t.x) v = std::floor(v);
          for (float& v : t.panel) v = std::floor(v);
          for (float& v : t.offset) v = std::floor(v);
        }
        // Three panels, of which the last stands, a turn later, where the first did. All have the same scores, but for their tags.
        const Slots one_turn(1000, t.width, k->lanes), slots(3 * one_turn.count(), t.width, k->lanes);
        const std::size_t turn = slots.count(), taken[] = {0, 1, turn};
        std::vector<float> found(t.rows * slots.ld(), FLT_MAX), stored(t.rows * t.width);
        for (std::size_t p : taken)
          k->score_best(t.x.data(), t.ld, t.rows, t.panel.data(), t.width, t.depth, t.offset.data(), slots.of_panel(found.data(), p));
        k->score_store(t.x.data(), t.ld, t.rows, t.panel.data(), t.width, t.depth, t.offset.data(), stored.data());
        for (std::size_t r = 0; r < t.rows; ++r)
          for (std::size_t lane = 0; lane < k->lanes; ++lane) {
            std::vector<float> all[2], hidden;
            for (std::size_t p : taken)
              for (std::size_t v = 0; v < vectors; ++v) {
                const std::uint32_t tag = static_cast<std::uint32_t>(p / turn * 4 + v);
                const float score = stored[r * t.width + v * k->lanes + lane];
                all[p % turn].push_back(std::bit_cast<float>((std::bit_cast<std::uint32_t>(score) & ~15u) | tag));
              }
            for (std::size_t slot : {0, 1}) {
              std::sort(all[slot].begin(), all[slot].end());
              const float lowest = found[r * slots.ld() + (1 + slot) * k->lanes + lane];
              CHECK(lowest == all[slot][0]);
              const std::size_t column = slots.column(lowest, slot * k->lanes + lane), p = column / t.width;
              CHECK(p == slot || (slot == 0 && p == turn));
              const double score = static_cast<double>(stored[r * t.width + column % t.width]);
              const Slots::Between between = slots.untagged(lowest);
              CHECK(between.low <= score && score <= between.high && lowest <= slots.tagged(score));
              hidden.insert(hidden.end(), all[slot].begin() + 1, all[slot].end());
            }
            CHECK(found[r * slots.ld() + lane] == (hidden.empty() ? FLT_MAX : *std::min_element(hidden.begin(), hidden.end())));
          }
      }
}

TEST(least_puts_the_slots_of_a_row_together) {
  Numbers numbers(17);
  for (const auto* k : levels())
    for (std::size_t slots : {1, 2, 5}) {
      const std::size_t rows = 9, ld = (slots + 1) * k->lanes + 5;
      std::vector<float> found(rows * ld);
      for (float& v : found) v = numbers.bell();
      std::vector<simd::Least> out(rows);
      k->least(found.data(), ld, slots, rows, out.data());
      for (std::size_t r = 0; r < rows; ++r) {
        const float* const hidden = &found[r * ld];
        const float* const first = hidden + k->lanes;
        std::vector<float> all(first, first + slots * k->lanes);
        std::sort(all.begin(), all.end());
        const float lowest = *std::min_element(hidden, first);
        CHECK(out[r].best == all[0] && out[r].second == std::min(all[1], lowest) && out[r].hidden == lowest);
        CHECK(first[out[r].at] == all[0]);
      }
    }
}

TEST(not_above_finds_the_places_in_order) {
  Numbers numbers(18);
  for (const auto* k : levels())
    for (std::size_t vectors : {1, 2, 7}) {
      std::vector<float> v(vectors * k->lanes);
      for (float& f : v) f = numbers.bell();
      v[k->lanes - 1] = 0.5f;
      v[v.size() / 2] = NAN;
      for (float limit : {-10.0f, 0.5f, 10.0f}) {
        std::vector<std::int32_t> wanted, out(v.size());
        for (std::size_t i = 0; i < v.size(); ++i)
          if (!(v[i] > limit)) wanted.push_back(static_cast<std::int32_t>(i));
        out.resize(k->not_above(v.data(), v.size(), limit, out.data()));
        CHECK(out == wanted);
      }
    }
}

TEST(dot_few_multiplies_rows_by_a_few_columns) {
  Numbers numbers(4);
  for (const auto* k : levels())
    for (std::size_t rows : {1, 2, 3, 5, 8, 33})
      for (std::size_t vectors : {1, 2, 5}) {
        const std::size_t depth = vectors * k->lanes, ld = depth + 16;
        std::vector<float> x(rows * ld), c(k->few * ld), out(rows * k->few);
        for (float& v : x) v = numbers.bell();
        for (float& v : c) v = numbers.bell();
        k->dot_few(x.data(), c.data(), ld, rows, depth, out.data());
        for (std::size_t r = 0; r < rows; ++r)
          for (std::size_t j = 0; j < k->few; ++j) {
            double sum = 0, size = 0;
            for (std::size_t l = 0; l < depth; ++l) {
              const double p = static_cast<double>(x[r * ld + l]) * static_cast<double>(c[j * ld + l]);
              sum += p;
              size += std::abs(p);
            }
            CHECK(std::abs(static_cast<double>(out[r * k->few + j]) - sum) <= size * (2 * static_cast<double>(depth) + 2) * kUnit32);
          }
      }
}

TEST(sums_over_pairs_are_those_of_the_plain_loop) {
  Numbers numbers(11);
  for (const auto* k : levels())
    for (std::size_t pairs : {1, 2, 3, 7, 8, 9, 17})
      for (std::size_t d : {1, 2, 3, 4, 5, 31, 64}) {
        std::vector<float> a(pairs * d), b(pairs * d);
        std::vector<double> wide(pairs * d), scale(pairs), out(pairs + 1, -7.0);
        for (float& v : a) v = numbers.bell();
        for (float& v : b) v = numbers.bell() * 1e3f;
        for (double& v : wide) v = static_cast<double>(numbers.bell()) / 3;
        for (double& v : scale) v = static_cast<double>(numbers.uniform()) / 7;
        std::vector<const float*> x, y;
        std::vector<const double*> z;
        for (std::size_t p = 0; p < pairs; ++p) {
          x.push_back(a.data() + (p * 5 % pairs) * d);
          y.push_back(b.data() + p * d);
          z.push_back(wide.data() + p * d);
        }
        auto same = [&](auto&& term) {
          for (std::size_t p = 0; p < pairs; ++p) {
            double sum = 0;
            for (std::size_t l = 0; l < d; ++l) sum += term(p, l);
            CHECK(out[p] == sum);
          }
          CHECK(out[pairs] == -7);
        };
        const auto at = [](const float* v, std::size_t l) { return static_cast<double>(v[l]); };
        const auto square = [](double v) { return v * v; };
        k->products64(x.data(), y.data(), pairs, d, out.data());
        same([&](std::size_t p, std::size_t l) { return at(x[p], l) * at(y[p], l); });
        k->differences64(x.data(), y.data(), pairs, d, out.data());
        same([&](std::size_t p, std::size_t l) { return square(at(x[p], l) - at(y[p], l)); });
        k->wide_products64(x.data(), z.data(), pairs, d, out.data());
        same([&](std::size_t p, std::size_t l) { return at(x[p], l) * z[p][l]; });
        k->wide_differences64(x.data(), nullptr, z.data(), pairs, d, out.data());
        same([&](std::size_t p, std::size_t l) { return square(at(x[p], l) - z[p][l]); });
        k->wide_differences64(x.data(), scale.data(), z.data(), pairs, d, out.data());
        same([&](std::size_t p, std::size_t l) { return square(at(x[p], l) * scale[p] - z[p][l]); });
      }
}

TEST(dot_each_multiplies_one_row_by_several) {
  Numbers numbers(12);
  for (const auto* k : levels())
    for (std::size_t count : {1, 3, 4, 5, 9})
      for (std::size_t depth : {std::size_t{1}, k->lanes, k->lanes + 1, 5 * k->lanes - 1}) {
        std::vector<float> x(depth), c(count * depth), out(count + 1, -7);
        for (float& v : x) v = numbers.bell();
        for (float& v : c) v = numbers.bell();
        std::vector<const float*> to;
        for (std::size_t j = 0; j < count; ++j) to.push_back(c.data() + (j * 3 % count) * depth);
        k->dot_each(x.data(), to.data(), count, depth, out.data());
        for (std::size_t j = 0; j < count; ++j) {
          double sum = 0, size = 0;
          for (std::size_t l = 0; l < depth; ++l) {
            const double p = static_cast<double>(x[l]) * static_cast<double>(to[j][l]);
            sum += p;
            size += std::abs(p);
          }
          CHECK(std::abs(static_cast<double>(out[j]) - sum) <= size * (2 * static_cast<double>(depth) + 2) * kUnit32);
        }
        CHECK(out.back() == -7);
      }
}

TEST(unordered_sums_are_off_by_no_more_than_their_bound) {
  Numbers numbers(29);
  for (const auto* k : levels())
    for (std::size_t pairs : {0, 1, 2, 5})
      for (std::size_t d : {1, 3, 8, 31, 32, 33, 100}) {
        std::vector<float> values(2 * pairs * d);
        for (float& v : values) v = numbers.bell() * std::exp(5 * numbers.bell());
        std::vector<const float*> x, y;
        for (std::size_t p = 0; p < pairs; ++p) {
          x.push_back(values.data() + p * d);
          y.push_back(values.data() + (pairs + p) * d);
        }
        std::vector<double> product(pairs + 1, -7), square(pairs + 1, -7);
        k->unordered64(x.data(), y.data(), pairs, d, product.data(), square.data());
        CHECK(product[pairs] == -7 && square[pairs] == -7);
        for (std::size_t p = 0; p < pairs; ++p) {
          long double xy = 0, xx = 0, size = 0;
          for (std::size_t l = 0; l < d; ++l) {
            const long double u = x[p][l], v = y[p][l];
            xy += u * v;
            xx += u * u;
            size += std::abs(u * v);
          }
          const long double step = static_cast<long double>(d) * 0x1p-53L;
          CHECK(std::abs(static_cast<long double>(product[p]) - xy) <= step * size);
          CHECK(std::abs(static_cast<long double>(square[p]) - xx) <= step * xx);
        }
      }
}

TEST(center_rounds_twice_like_the_plain_loop) {
  Numbers numbers(5);
  for (const auto* k : levels())
    for (std::size_t d : {1, 3, 4, 8, 15, 16, 17, 100}) {
      std::vector<float> x(d), shift(d), out(d + 1, -7);
      for (std::size_t l = 0; l < d; ++l) {
        x[l] = numbers.bell();
        shift[l] = numbers.bell() * 0.1f;
      }
      const float scale = 0.7f + numbers.uniform();
      const float square = k->center(x.data(), shift.data(), scale, d, out.data());
      double wanted = 0;
      for (std::size_t l = 0; l < d; ++l) {
        const float product = x[l] * scale;
        const float y = product - shift[l];
        CHECK(out[l] == y);
        wanted += static_cast<double>(y) * static_cast<double>(y);
      }
      CHECK(std::abs(static_cast<double>(square) - wanted) <= wanted * (2 * static_cast<double>(d) + 2) * kUnit32);
      CHECK(out[d] == -7);
    }
}

TEST(copy_finite_copies_and_tells_of_what_is_not_a_number) {
  Numbers numbers(13);
  for (const auto* k : levels())
    for (std::size_t n : {0, 1, 7, 16, 17, 40}) {
      std::vector<float> x(n), out(n + 1, -7);
      for (float& v : x) v = numbers.bell();
      if (n > 0) x[0] = FLT_MAX;
      CHECK(k->copy_finite(x.data(), n, out.data()));
      CHECK(std::equal(x.begin(), x.end(), out.begin()) && out.back() == -7);
      for (std::size_t l = 0; l < n; ++l)
        for (float bad : {NAN, INFINITY, -INFINITY}) {
          std::vector<float> y = x;
          y[l] = bad;
          CHECK(!k->copy_finite(y.data(), n, out.data()));
        }
    }
}

TEST(dot64_has_the_bits_of_the_plain_loop) {
  Numbers numbers(6);
  for (const auto* k : levels())
    for (std::size_t rows : {1, 3, 4, 7, 8, 9, 33})
      for (std::size_t depth : {1, 2, 19, 512})
        for (bool add : {false, true}) {
          const std::size_t ld = depth + 1, out_ld = k->panel64 + 5;
          std::vector<float> x(rows * ld);
          std::vector<double> panel(depth * k->panel64), out(rows * out_ld, 0.25);
          for (float& v : x) v = numbers.bell() * 1e3f;
          for (double& v : panel) v = static_cast<double>(numbers.bell());
          k->dot64(x.data(), ld, rows, panel.data(), depth, out.data(), out_ld, add);
          for (std::size_t r = 0; r < rows; ++r) {
            for (std::size_t j = 0; j < k->panel64; ++j) {
              double sum = 0;
              for (std::size_t l = 0; l < depth; ++l) sum += static_cast<double>(x[r * ld + l]) * panel[l * k->panel64 + j];
              CHECK(out[r * out_ld + j] == (add ? 0.25 + sum : sum));
            }
            for (std::size_t j = k->panel64; j < out_ld; ++j) CHECK(out[r * out_ld + j] == 0.25);
          }
        }
}

TEST(tile64_has_the_bits_of_the_plain_loop) {
  Numbers numbers(10);
  for (const auto* k : levels())
    for (std::size_t tiles : {0, 1, 3})
      for (std::size_t depth : {0, 1, 2, 19, 300}) {
        const std::size_t side = k->row_tile64, width = k->panel64;
        std::vector<double> x(tiles * depth * side), panel(depth * width), out(tiles * side * width + 1, 0.25);
        for (double& v : x) v = static_cast<double>(numbers.bell() * 1e3f);
        for (double& v : panel) v = static_cast<double>(numbers.bell());
        k->tile64(x.data(), tiles, panel.data(), depth, out.data());
        for (std::size_t r = 0; r < tiles * side; ++r)
          for (std::size_t j = 0; j < width; ++j) {
            double sum = 0;
            for (std::size_t l = 0; l < depth; ++l) sum += x[(r / side * depth + l) * side + r % side] * panel[l * width + j];
            CHECK(out[r * width + j] == sum);
          }
        CHECK(out.back() == 0.25);
      }
}

TEST(stream_copies_from_and_to_anywhere) {
  Numbers numbers(11);
  for (const auto* k : levels())
    for (std::size_t columns : {0, 1, 15, 16, 17, 40, 100})
      for (std::size_t at = 0; at < 20; at += 3) {
        const std::size_t rows = 3, ld = columns + 2, out_ld = columns + 5;
        std::vector<float> x(rows * ld), out(at + rows * out_ld, -7);
        for (float& v : x) v = numbers.bell();
        k->stream(x.data(), ld, rows, columns, out.data() + at, out_ld);
        for (std::size_t i = 0; i < out.size(); ++i) {
          const std::size_t r = i < at ? rows : (i - at) / out_ld, c = i < at ? 0 : (i - at) % out_ld;
          CHECK(out[i] == (r < rows && c < columns ? x[r * ld + c] : -7));
        }
      }
}

TEST(add_weighted64_has_the_bits_of_the_plain_loop) {
  Numbers numbers(7);
  for (const auto* k : levels())
    for (std::size_t columns : {0, 1, 2, 7}) {
      const std::size_t rows = 9, width = k->sum_width;
      std::vector<float> x(rows * width);
      for (float& v : x) v = numbers.bell();
      // Columns of 0, 1, 2, … entries, after three that are not theirs.
      std::vector<std::size_t> ends{3};
      for (std::size_t j = 0; j < columns; ++j) ends.push_back(ends.back() + j);
      std::vector<simd::WeightedRow> entries(ends.back() + simd::kRowsAhead, simd::WeightedRow{});
      for (std::size_t e = 0; e < ends.back(); ++e) entries[e] = {static_cast<std::uint32_t>(numbers.below(rows)), numbers.bell()};
      std::vector<double> sum(columns * width + 1, 0.125), total(columns + 1, 0.5);
      std::vector<double> wanted = sum, weight = total;
      for (std::size_t j = 0; j < columns; ++j)
        for (std::size_t e = ends[j]; e < ends[j + 1]; ++e) {
          const double w = static_cast<double>(entries[e].weight);
          for (std::size_t l = 0; l < width; ++l) wanted[j * width + l] += w * static_cast<double>(x[entries[e].row * width + l]);
          weight[j] += w;
        }
      k->add_weighted64(x.data(), entries.data(), ends.data() + 1, columns, sum.data(), total.data());
      CHECK(sum == wanted);
      CHECK(total == weight);
    }
}

TEST(add_fixed_adds_and_takes_away_the_same_whole_numbers) {
  Numbers numbers(8);
  for (const auto* k : levels())
    for (std::size_t d : {1, 2, 7, 8, 9, 31, 100}) {
      std::vector<float> x(d);
      std::vector<double> scale(d);
      std::vector<std::int64_t> sum(d, 5);
      for (std::size_t l = 0; l < d; ++l) {
        x[l] = numbers.bell();
        scale[l] = std::ldexp(1.0, static_cast<int>(numbers.below(46)));
      }
      const double factor = 1 / std::sqrt(3.0);
      k->add_fixed(x.data(), factor, scale.data(), d, sum.data(), false);
      for (std::size_t l = 0; l < d; ++l) CHECK(sum[l] == 5 + core::to_fixed(static_cast<double>(x[l]) * factor * scale[l]));
      k->add_fixed(x.data(), factor, scale.data(), d, sum.data(), true);
      for (std::size_t l = 0; l < d; ++l) CHECK(sum[l] == 5);
      std::vector<std::int64_t> to(d, 7);
      k->move_fixed(x.data(), factor, scale.data(), d, sum.data(), to.data());
      for (std::size_t l = 0; l < d; ++l) {
        const std::int64_t whole = core::to_fixed(static_cast<double>(x[l]) * factor * scale[l]);
        CHECK(sum[l] == 5 - whole);
        CHECK(to[l] == 7 + whole);
      }
    }
}

// The certificate itself: no score may lie farther from the true one than its bound says.
TEST(score_bound_holds) {
  Numbers numbers(9);
  double tightest = 0;
  for (const auto* k : levels())
    for (int round = 0; round < (quick ? 60 : 400); ++round) {
      const Metric metric = round % 3 == 0 ? Metric::cosine : Metric::sqeuclidean;
      const std::size_t d = 1 + numbers.below(round % 5 ? 40 : 700), count = k->panel;
      const int size = static_cast<int>(numbers.below(60)) - 30;
      const float offset = std::ldexp(1.0f, static_cast<int>(numbers.below(16)) - 1 + size);
      std::vector<float> shift(d), x(d), packed((k->row_tile) * (d + 16), 0.0f);
      std::vector<float> points(count * d);
      const bool cosine = metric == Metric::cosine;
      for (std::size_t l = 0; l < d; ++l) {
        shift[l] = offset * numbers.bell();
        x[l] = shift[l] + std::ldexp(numbers.bell(), size);
      }
      for (std::size_t i = 0; i < count * d; ++i) points[i] = shift[i % d] + std::ldexp(numbers.bell(), size);
      auto inverse = [&](const float* v) {
        double square = 0;
        for (std::size_t l = 0; l < d; ++l) square += static_cast<double>(v[l]) * static_cast<double>(v[l]);
        return 1 / std::sqrt(square);
      };
      if (cosine) {
        const double s = inverse(shift.data()) * 0.9;
        for (float& v : shift) v = static_cast<float>(static_cast<double>(v) * s);
      }
      const double row_scale = cosine ? inverse(x.data()) : 1.0;
      const Extent row = centered(*k, x.data(), shift.data(), static_cast<float>(row_scale), cosine, d, packed.data());
      Panels panels(*k, count, d);
      std::vector<std::vector<double>> targets(count);
      panels.fill(0, count, true, [&](std::size_t j, double* out) {
        const double scale = cosine ? inverse(points.data() + j * d) : 1.0;
        for (std::size_t l = 0; l < d; ++l) out[l] = static_cast<double>(points[j * d + l]) * scale - static_cast<double>(shift[l]);
        targets[j].assign(out, out + d);
        return 0.0;
      });
      std::vector<float> scores(k->row_tile * k->panel);
      k->score_store(packed.data(), d + 16, k->row_tile, panels.panel(0), panels.width(0), d, panels.offsets(0), scores.data());
      const ScoreBound bound(*k, metric, d);
      for (std::size_t j = 0; j < count; ++j) {
        long double wanted = 0;
        for (std::size_t l = 0; l < d; ++l) {
          const long double c = static_cast<long double>(targets[j][l]);
          const long double y = static_cast<long double>(x[l]) * static_cast<long double>(row_scale) - static_cast<long double>(shift[l]);
          wanted += c * c / 2 - y * c;
        }
        const double error = static_cast<double>(std::abs(static_cast<long double>(scores[j]) - wanted));
        const double most = bound(row, panels.extent(j), panels.offset(j));
        CHECK(error <= most);
        // The offset that a score begins with is rounded to float32, the highest of a panel is not.
        CHECK(most <= bound(row, panels.widest(0), panels.highest(0)) * (1 + 1e-6));
        tightest = std::max(tightest, error / most);
      }
    }
  // A bound that nothing ever comes near would be no test of it.
  CHECK(tightest > 0.02);
}

TEST(product_bound_holds) {
  Numbers numbers(19);
  for (const auto* k : levels())
    for (const Metric metric : {Metric::sqeuclidean, Metric::cosine, Metric::dot})
      for (std::size_t d : {1, 3, 64, 257})
        for (float size : {1e-20f, 1.0f, 1e15f})
          for (int round = 0; round < 40; ++round) {
            const bool near = round % 2 == 0, common = round % 4 > 1;
            std::vector<float> x(d), c(d);
            for (std::size_t l = 0; l < d; ++l) {
              x[l] = size * (numbers.bell() + (common ? 100.0f : 0.0f));
              c[l] = near ? x[l] * (1 + 1e-6f * numbers.bell()) : size * numbers.bell();
            }
            const float* const to = c.data();
            float product;
            k->dot_each(x.data(), &to, 1, d, &product);
            const ProductBound bound(*k, metric, d);
            const double xx = dot_product(x.data(), x.data(), d), cc = dot_product(to, to, d);
            long double sum = 0, xs = 0, cs = 0;
            for (std::size_t l = 0; l < d; ++l) {
              const long double a = x[l], b = c[l];
              sum += a * b;
              xs += a * a;
              cs += b * b;
            }
            const long double wanted = metric == Metric::dot ? -sum : metric == Metric::cosine ? 1 - sum / std::sqrt(xs * cs) : xs + cs - 2 * sum;
            CHECK(std::abs(static_cast<long double>(bound.value(static_cast<double>(product), xx, cc)) - wanted) <= static_cast<long double>(bound(xx, cc)));
            CHECK(bound(xx, cc) < HUGE_VAL);
          }
  const ProductBound bound(simd::best_kernels(), Metric::cosine, 8);
  CHECK(std::isinf(bound(0, 1)) && std::isinf(bound(1e40, 1e40)));
}

TEST(score_bound_gives_up_beyond_float32) {
  for (const auto* k : levels()) {
    const ScoreBound bound(*k, Metric::sqeuclidean, 4);
    CHECK(std::isfinite(bound({1e15, 1e8}, {1e15, 1e8}, 1e30)));
    CHECK(std::isinf(bound({1e20, 1e13}, {1e20, 1e13}, 1e40)));
    CHECK(std::isinf(bound({1e30, 1e23}, {1, 1e-7}, 1e38)));
    CHECK(std::isinf(bound({std::nan(""), 0}, {1, 1e-7}, 1)));
  }
}
