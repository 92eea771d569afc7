#pragma once
#include <napi.h>

// One function per operation of binding.d.ts, each in the file of its name.
namespace matomari::binding {

Napi::Value info(const Napi::CallbackInfo& info);
Napi::Value cuda_devices(const Napi::CallbackInfo& info);
Napi::Value hold_termination(const Napi::CallbackInfo& info);
Napi::Value distances(const Napi::CallbackInfo& info);
Napi::Value nearest(const Napi::CallbackInfo& info);
Napi::Value assign(const Napi::CallbackInfo& info);
Napi::Value kmeans(const Napi::CallbackInfo& info);
Napi::Value mini_batch_kmeans(const Napi::CallbackInfo& info);
Napi::Value weighted_mean(const Napi::CallbackInfo& info);
Napi::Value pca(const Napi::CallbackInfo& info);
Napi::Value truncated_svd(const Napi::CallbackInfo& info);
Napi::Value truncated_svd_transform(const Napi::CallbackInfo& info);
Napi::Value hdbscan(const Napi::CallbackInfo& info);
Napi::Value approximate_predict(const Napi::CallbackInfo& info);
Napi::Value fuzzy_set(const Napi::CallbackInfo& info);
Napi::Value umap(const Napi::CallbackInfo& info);
Napi::Value umap_transform(const Napi::CallbackInfo& info);
Napi::Value unigram(const Napi::CallbackInfo& info);
Napi::Value unigram_encode(const Napi::CallbackInfo& info);
Napi::Value unigram_split(const Napi::CallbackInfo& info);

}  // namespace matomari::binding
