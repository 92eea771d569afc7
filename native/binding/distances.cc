#include "distances/distances.h"

#include "binding/args.h"
#include "binding/job.h"
#include "binding/operations.h"
#include "cuda/distances.h"

namespace matomari::binding {

Napi::Value distances(const Napi::CallbackInfo& info) {
  Args args(info);
  const std::size_t cols = args.size("cols");
  const auto a = args.matrix("a", args.size("aRows"), cols);
  const auto b = args.matrix("b", args.size("bRows"), cols);
  const auto out = args.output("out", a.rows, b.rows);
  const Metric metric = args.metric();
  const int gpu = gpu_of(info);
  return Job::start(
      info.Env(), info[1].As<Napi::Object>(), args.pins(),
      [=](core::Context& ctx, const simd::Kernels& k) {
        if (gpu < 0)
          matomari::distances(ctx, k, a, b, metric, out);
        else
          cuda::distances(ctx, gpu, a, b, metric, out);
      },
      [](Napi::Object) {});
}

}  // namespace matomari::binding
