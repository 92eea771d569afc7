#include "umap/layout.h"

#include <algorithm>
#include <atomic>
#include <vector>

#include "core/buffer.h"
#include "core/parallel.h"
#include "core/philox.h"
#include "core/rounds.h"
#include "core/sort.h"

namespace matomari {

using core::Buffer;
using simd::kLayoutBlock;

namespace {

constexpr std::size_t kLanes = kLayoutBlock;
constexpr std::size_t kFires = 1024;  // springs of a point handed to the kernel at once
constexpr std::uint32_t kStep = 0x9e3779b9;

// A spring fires in `rate` of 2^31 rounds, evenly spaced: whenever phase + round · rate begins another 2^31.
struct Spring {
  std::int32_t to;
  std::uint32_t rate, phase;
};

class Layout {
 public:
  // fixed: the rows that springs lead to, or null where they are the moving rows themselves.
  Layout(core::Context& ctx, const simd::Kernels& k, const Graph& graph, const LayoutOptions& options, std::size_t dims,
         const float* fixed, std::size_t fixed_rows)
      : ctx_(ctx), k_(k), options_(options), n_(graph.rows), dims_(dims), blocks_((n_ + kLanes - 1) / kLanes),
        fixed_(fixed), targets_(fixed ? fixed_rows : n_), order_(n_), starts_(n_ + 1), keys_(blocks_ * kLanes, 0u),
        fires_(ctx.threads() * kFires * kLanes, 0), scratch_(ctx.threads() * 4 * dims * kLanes),
        own_(ctx.threads() * 2 * dims * kLanes) {
    const double a = options.curve.a, b = options.curve.b;
    forces_ = {static_cast<float>(a), static_cast<float>(b), static_cast<float>(-2 * a * b),
               static_cast<float>(2 * options.repulsion * b), 0, 0};
    arrange(graph);
  }

  // umap-learn lets a spring fire once for each of its directions, and moves both ends each time. Here every end moves
  // itself, in two rounds an epoch. Both ends fire in the same round and are pulled by the same force, that between the
  // places where the round found them: what moves one moves the other as much the other way, and a group of points that
  // pull each other stays where it is. Where the two do not match, groups drift, and pieces of them get lost
  // (docs/decisions/matched-springs.md).
  void settle(float* embedding) {
    Buffer<float> positions[2] = {Buffer<float>(n_ * dims_), Buffer<float>(n_ * dims_)};
    for (std::size_t p = 0; p < n_; ++p)
      std::copy_n(embedding + static_cast<std::size_t>(order_[p]) * dims_, dims_, positions[0].data() + p * dims_);
    core::parallel_rounds(
        ctx_, 2 * options_.epochs, std::clamp<std::size_t>(blocks_ / (16 * ctx_.threads()), 4, 64),
        [&](std::uint32_t) { return blocks_; },
        [&](std::uint32_t number, std::size_t begin, std::size_t end, unsigned slot) {
          const Round round = round_of(number, 2);
          const float* const now = positions[number % 2].data();
          for (std::size_t b = begin; b < end; ++b) move(b, round, now, now, positions[(number + 1) % 2].data(), slot);
        },
        [&](std::uint32_t number) {
          if (number % 2 == 1) ctx_.progress("layout", number / 2 + 1, options_.epochs);
        });
    // An even number of rounds: the last one wrote to the first.
    for (std::size_t p = 0; p < n_; ++p)
      std::copy_n(positions[0].data() + p * dims_, dims_, embedding + static_cast<std::size_t>(order_[p]) * dims_);
  }

  // Rows that only fixed ones act on need not wait for one another.
  void place(float* embedding) {
    std::atomic<std::size_t> done{0};
    Buffer<float> now(n_ * dims_);
    for (std::size_t p = 0; p < n_; ++p)
      std::copy_n(embedding + static_cast<std::size_t>(order_[p]) * dims_, dims_, now.data() + p * dims_);
    core::parallel_for(ctx_, blocks_, 1, [&](std::size_t begin, std::size_t end, unsigned slot) {
      for (std::size_t b = begin; b < end; ++b) {
        for (std::uint32_t round = 0; round < options_.epochs; ++round)
          move(b, round_of(round, 1), fixed_, now.data(), now.data(), slot);
        ctx_.progress("layout", done.fetch_add(1) + 1, blocks_);
      }
    });
    for (std::size_t p = 0; p < n_; ++p)
      std::copy_n(now.data() + p * dims_, dims_, embedding + static_cast<std::size_t>(order_[p]) * dims_);
  }

 private:
  // Springs too weak to fire once are cut. Rows are put in order of how often theirs fire, so that the sixteen of a
  // block have about the same to do.
  void arrange(const Graph& graph) {
    const auto edges = static_cast<std::size_t>(graph.indptr[n_]);
    float most = fixed_ ? 1.0f : 0.0f;
    for (std::size_t e = 0; e < edges; ++e) most = std::max(most, graph.weights[e]);
    const float least = most / static_cast<float>(options_.least_epochs);
    struct Busy {
      std::uint64_t total;
      std::int32_t row;
    };
    std::vector<Busy> busy(n_);
    auto rate = [&](std::size_t e) -> std::uint32_t {
      const float w = graph.weights[e];
      return w < least ? 0u : static_cast<std::uint32_t>(static_cast<double>(w) / static_cast<double>(most) * 0x1p31);
    };
    std::vector<std::size_t> kept(n_, 0);
    core::parallel_for(ctx_, n_, 4096, [&](std::size_t begin, std::size_t end, unsigned) {
      for (std::size_t i = begin; i < end; ++i) {
        busy[i] = {0, static_cast<std::int32_t>(i)};
        for (auto e = first(graph, i); e < first(graph, i + 1); ++e) {
          busy[i].total += rate(e);
          kept[i] += rate(e) != 0;
        }
      }
    });
    core::sort_in_pieces(ctx_, busy, [](const Busy& a, const Busy& b) {
      return a.total != b.total ? a.total > b.total : a.row < b.row;
    });
    std::transform(busy.begin(), busy.end(), order_.begin(), [](const Busy& one) { return one.row; });
    starts_[0] = 0;
    for (std::size_t p = 0; p < n_; ++p) starts_[p + 1] = starts_[p] + kept[static_cast<std::size_t>(order_[p])];
    springs_ = Buffer<Spring>(starts_[n_]);
    // A new row's numbers depend on its first neighbours, not on where it stands among other new rows.
    core::parallel_for(ctx_, n_, 4096, [&](std::size_t begin, std::size_t end, unsigned) {
      for (std::size_t p = begin; p < end; ++p) {
        const auto i = static_cast<std::size_t>(order_[p]);
        const std::int32_t* const near = graph.indices.data() + graph.indptr[i];
        const auto degree = static_cast<std::size_t>(graph.indptr[i + 1] - graph.indptr[i]);
        const auto name = static_cast<std::uint32_t>(fixed_ && degree > 0 ? near[0] : order_[p]);
        const auto second = static_cast<std::uint32_t>(fixed_ && degree > 1 ? near[1] : 0);
        keys_[p] = core::philox({name, second, 0, static_cast<std::uint32_t>(core::Stream::umap_point)}, options_.seed)[0];
      }
    });
    Buffer<std::int32_t> place(fixed_ ? 0 : n_);
    if (!fixed_)
      for (std::size_t p = 0; p < n_; ++p) place[static_cast<std::size_t>(order_[p])] = static_cast<std::int32_t>(p);
    core::parallel_for(ctx_, n_, 4096, [&](std::size_t begin, std::size_t end, unsigned) {
      for (std::size_t p = begin; p < end; ++p) {
        const auto i = static_cast<std::size_t>(order_[p]);
        std::size_t at = starts_[p];
        for (auto e = first(graph, i); e < first(graph, i + 1); ++e)
          if (const std::uint32_t r = rate(e)) {
            const std::int32_t j = graph.indices[e];
            const std::int32_t to = fixed_ ? j : place[static_cast<std::size_t>(j)];
            // The same from either end.
            const std::uint32_t other = fixed_ ? static_cast<std::uint32_t>(at - starts_[p]) * kStep : keys_[static_cast<std::size_t>(to)];
            springs_[at++] = {to, r, keys_[p] + other};
          }
      }
    });
  }

  static std::size_t first(const Graph& graph, std::size_t i) { return static_cast<std::size_t>(graph.indptr[i]); }

  struct Round {
    std::uint32_t number, key;
    simd::Forces forces;
  };
  // `in_epoch` rounds share the random rows of an epoch.
  Round round_of(std::uint32_t number, std::uint32_t in_epoch) const noexcept {
    Round round{number, core::philox({number, 0, 0, static_cast<std::uint32_t>(core::Stream::umap_round)}, options_.seed)[0],
                forces_};
    const double done = static_cast<double>(number / in_epoch) / static_cast<double>(options_.epochs);
    round.forces.alpha = static_cast<float>(options_.learning_rate * (1 - done));
    const std::uint32_t all = static_cast<std::uint32_t>(options_.negative_samples);
    round.forces.pushes = static_cast<int>((all + (in_epoch - 1 - number % in_epoch)) / in_epoch);
    return round;
  }

  // One round of one block, from `from` to `to`, both [n × dims].
  void move(std::size_t block, const Round& round, const float* others, const float* from, float* to, unsigned slot) {
    const std::size_t begin = block * kLanes, lanes = std::min(kLanes, n_ - begin);
    float *const start = own_.data() + slot * 2 * dims_ * kLanes, *const own = start + dims_ * kLanes;
    std::int32_t* const fires = fires_.data() + slot * kFires * kLanes;
    std::int32_t counts[kLanes], self[kLanes];
    std::size_t at[kLanes];
    for (std::size_t l = 0; l < kLanes; ++l) {
      at[l] = l < lanes ? starts_[begin + l] : 0;
      self[l] = fixed_ || l >= lanes ? -1 : static_cast<std::int32_t>(begin + l);
      for (std::size_t c = 0; c < dims_; ++c)
        start[c * kLanes + l] = own[c * kLanes + l] = l < lanes ? from[(begin + l) * dims_ + c] : 0.0f;
    }
    simd::Springs springs{start, own, fires, counts, self, keys_.data() + begin, round.key, 0};
    for (bool more = true; more;) {
      more = false;
      for (std::size_t l = 0; l < kLanes; ++l) {
        counts[l] = 0;
        if (l >= lanes) continue;
        const std::size_t end = starts_[begin + l + 1];
        std::size_t e = at[l], found = 0;
        for (; e < end && found < kFires; ++e) {
          fires[found * kLanes + l] = springs_[e].to;
          const std::uint32_t turn = springs_[e].phase + round.number * springs_[e].rate;
          found += (turn & 0x7fffffff) < springs_[e].rate;
        }
        counts[l] = static_cast<std::int32_t>(found);
        at[l] = e;
        more |= e < end;
      }
      k_.push_and_pull(round.forces, others, static_cast<std::uint32_t>(targets_), dims_, springs,
                       scratch_.data() + slot * 4 * dims_ * kLanes);
      springs.drawn += static_cast<std::uint32_t>(kFires) * static_cast<std::uint32_t>(round.forces.pushes) * kStep;
      if (ctx_.cancelled()) return;
    }
    for (std::size_t l = 0; l < lanes; ++l)
      for (std::size_t c = 0; c < dims_; ++c) to[(begin + l) * dims_ + c] = own[c * kLanes + l];
  }

  core::Context& ctx_;
  const simd::Kernels& k_;
  LayoutOptions options_;
  std::size_t n_, dims_, blocks_;
  const float* fixed_;
  std::size_t targets_;
  simd::Forces forces_{};
  Buffer<std::int32_t> order_;    // row of the graph that stands at each place
  Buffer<std::size_t> starts_;
  Buffer<Spring> springs_;
  Buffer<std::uint32_t> keys_;
  Buffer<std::int32_t> fires_;
  Buffer<float> scratch_, own_;
};

}  // namespace

void optimize_layout(core::Context& ctx, const simd::Kernels& k, const Graph& graph, const LayoutOptions& options,
                     core::MutableMatrix positions) {
  Layout(ctx, k, graph, options, positions.cols, nullptr, 0).settle(positions.data);
}

void place_in_layout(core::Context& ctx, const simd::Kernels& k, const Graph& graph, const LayoutOptions& options,
                     core::ConstMatrix fixed, core::MutableMatrix positions) {
  Layout(ctx, k, graph, options, positions.cols, fixed.data, fixed.rows).place(positions.data);
}

}  // namespace matomari
