#include "weighted_mean/weighted_mean.h"

#include "binding/args.h"
#include "binding/job.h"
#include "binding/operations.h"
#include "cuda/weighted_mean.h"

namespace matomari::binding {

namespace {

template <class Index>
Napi::Value start(const Napi::CallbackInfo& info, Args& args) {
  const std::size_t rows = args.size("rows"), columns = args.size("weightCols"), cols = args.size("cols");
  const auto weights = args.sparse<Index>(rows, columns);
  const auto vectors = args.matrix("vectors", rows, cols);
  const auto out = args.output("out", columns, cols);
  const int gpu = gpu_of(info);
  return Job::start(
      info.Env(), info[1].As<Napi::Object>(), args.pins(),
      [=](core::Context& ctx, const simd::Kernels& k) {
        if (gpu < 0)
          matomari::weighted_mean(ctx, k, weights, vectors, out);
        else
          cuda::weighted_mean(ctx, gpu, weights, vectors, out);
      },
      [](Napi::Object) {});
}

}  // namespace

Napi::Value weighted_mean(const Napi::CallbackInfo& info) {
  Args args(info);
  return args.is_int64("indptr") ? start<std::int64_t>(info, args) : start<std::int32_t>(info, args);
}

}  // namespace matomari::binding
