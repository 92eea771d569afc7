#include "truncated_svd/truncated_svd.h"

#include "binding/args.h"
#include "binding/job.h"
#include "binding/operations.h"

namespace matomari::binding {

namespace {

template <class Index>
Napi::Value decompose(const Napi::CallbackInfo& info, Args& args) {
  const std::size_t rows = args.size("rows"), cols = args.size("cols"), count = args.size("nComponents");
  if (count == 0 || count > std::min(rows, cols)) args.fail("nComponents", "from 1 to the smaller side of the matrix");
  if (rows > 2147483647) args.fail("rows", "at most 2^31 - 1");
  const auto matrix = args.sparse<Index>(rows, cols);
  const std::uint64_t seed = args.size("seed");
  TruncatedSvdResult out{};
  out.components = args.output("components", count, cols).data;
  out.singular_values = args.array<float>("singularValues", count);
  out.variance = args.array<float>("explainedVariance", count);
  out.variance_ratio = args.array<float>("explainedVarianceRatio", count);
  out.embedding = args.output("embedding", rows, count).data;
  return Job::start(
      info.Env(), info[1].As<Napi::Object>(), args.pins(),
      [=](core::Context& ctx, const simd::Kernels& k) { matomari::truncated_svd(ctx, k, matrix, count, seed, out); },
      [](Napi::Object) {});
}

template <class Index>
Napi::Value transform(const Napi::CallbackInfo& info, Args& args) {
  const std::size_t rows = args.size("rows"), cols = args.size("cols"), count = args.size("nComponents");
  const auto matrix = args.sparse<Index>(rows, cols);
  const auto components = args.matrix("components", count, cols);
  float* const out = args.output("embedding", rows, count).data;
  return Job::start(
      info.Env(), info[1].As<Napi::Object>(), args.pins(),
      [=](core::Context& ctx, const simd::Kernels& k) { matomari::truncated_svd_transform(ctx, k, matrix, components, out); },
      [](Napi::Object) {});
}

}  // namespace

Napi::Value truncated_svd(const Napi::CallbackInfo& info) {
  Args args(info);
  return args.is_int64("indptr") ? decompose<std::int64_t>(info, args) : decompose<std::int32_t>(info, args);
}

Napi::Value truncated_svd_transform(const Napi::CallbackInfo& info) {
  Args args(info);
  return args.is_int64("indptr") ? transform<std::int64_t>(info, args) : transform<std::int32_t>(info, args);
}

}  // namespace matomari::binding
