#include "cuda/plugin.h"

#include "binding/operations.h"

namespace matomari::binding {

Napi::Value cuda_devices(const Napi::CallbackInfo& call) {
  const Napi::Env env = call.Env();
  const cuda::Availability& found = cuda::availability();
  Napi::Array devices = Napi::Array::New(env);
  for (const cuda::Device& each : found.devices) {
    Napi::Object device = Napi::Object::New(env);
    device.Set("name", each.name);
    device.Set("memory", static_cast<double>(each.memory));
    devices.Set(devices.Length(), device);
  }
  Napi::Object out = Napi::Object::New(env);
  out.Set("devices", devices);
  if (!found.reason.empty()) out.Set("reason", found.reason);
  return out;
}

}  // namespace matomari::binding
