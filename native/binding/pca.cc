#include "pca/pca.h"

#include "binding/args.h"
#include "binding/job.h"
#include "binding/operations.h"

namespace matomari::binding {

Napi::Value pca(const Napi::CallbackInfo& info) {
  Args args(info);
  const auto points = args.matrix("points", args.size("rows"), args.size("cols"));
  const std::size_t count = args.size("nComponents");
  if (count == 0 || count > points.cols || points.rows == 0) args.fail("nComponents", "from 1 to the number of columns");
  PcaResult out{};
  out.mean = args.array<float>("mean", points.cols);
  out.components = args.output("components", count, points.cols).data;
  out.variance = args.array<float>("explainedVariance", count);
  out.variance_ratio = args.array<float>("explainedVarianceRatio", count);
  out.embedding = args.output("embedding", points.rows, count).data;
  return Job::start(
      info.Env(), info[1].As<Napi::Object>(), args.pins(),
      [=](core::Context& ctx, const simd::Kernels& k) { matomari::pca(ctx, k, points, count, out); }, [](Napi::Object) {});
}

}  // namespace matomari::binding
