#include <dlfcn.h>
#include <napi.h>

#include "binding/job.h"
#include "binding/operations.h"

namespace matomari::binding {

// Node unloads an addon with the last environment that has it, be that a worker thread that ends while others run on. The
// pool's threads live longer, so the library stays.
static void stay_loaded() {
  Dl_info self;
  if (dladdr(reinterpret_cast<void*>(&stay_loaded), &self) != 0 && self.dli_fname != nullptr)
    dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}

static Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  stay_loaded();
  auto* const environment = new Environment;
  env.SetInstanceData(environment);
  env.AddCleanupHook([](Environment* e) { e->stop(); }, environment);
  exports.Set("info", Napi::Function::New(env, info));
  exports.Set("cuda", Napi::Function::New(env, cuda_devices));
  exports.Set("holdTermination", Napi::Function::New(env, hold_termination));
  exports.Set("distances", Napi::Function::New(env, distances));
  exports.Set("nearest", Napi::Function::New(env, nearest));
  exports.Set("assign", Napi::Function::New(env, assign));
  exports.Set("kmeans", Napi::Function::New(env, kmeans));
  exports.Set("miniBatchKmeans", Napi::Function::New(env, mini_batch_kmeans));
  exports.Set("weightedMean", Napi::Function::New(env, weighted_mean));
  exports.Set("pca", Napi::Function::New(env, pca));
  exports.Set("truncatedSvd", Napi::Function::New(env, truncated_svd));
  exports.Set("truncatedSvdTransform", Napi::Function::New(env, truncated_svd_transform));
  exports.Set("hdbscan", Napi::Function::New(env, hdbscan));
  exports.Set("approximatePredict", Napi::Function::New(env, approximate_predict));
  exports.Set("fuzzySet", Napi::Function::New(env, fuzzy_set));
  exports.Set("umap", Napi::Function::New(env, umap));
  exports.Set("umapTransform", Napi::Function::New(env, umap_transform));
  exports.Set("unigram", Napi::Function::New(env, unigram));
  exports.Set("unigramEncode", Napi::Function::New(env, unigram_encode));
  exports.Set("unigramSplit", Napi::Function::New(env, unigram_split));
  return exports;
}

NODE_API_MODULE(matomari, initialize)

}  // namespace matomari::binding
