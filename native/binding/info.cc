#include "binding/job.h"
#include "binding/operations.h"
#include "core/pool.h"
#include "cuda/api.h"
#include "nearest/near_tree.h"
#include "simd/kernels.h"

namespace matomari::binding {

Napi::Value info(const Napi::CallbackInfo& call) {
  const Napi::Env env = call.Env();
  Napi::Array levels = Napi::Array::New(env);
  for (simd::Level level : {simd::Level::scalar, simd::Level::avx2, simd::Level::avx512, simd::Level::neon})
    if (const simd::Kernels* k = simd::kernels(level)) levels.Set(levels.Length(), k->name);
  Napi::Object out = Napi::Object::New(env);
  out.Set("simdLevels", levels);
  out.Set("threads", core::processors());
  out.Set("jobs", env.GetInstanceData<Environment>()->unsettled);
  out.Set("treeDimensions", kTreeDimensions);
  out.Set("gpuNeighbours", kMostNeighbours);
  out.Set("compiler", __VERSION__);
  return out;
}

}  // namespace matomari::binding
