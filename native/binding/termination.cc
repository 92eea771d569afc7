#include <napi.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <thread>
#include <vector>

#include "binding/operations.h"

// What is used of libuv, which the headers for addons leave out. A handle is memory of uv_handle_size bytes.
extern "C" {
std::size_t uv_handle_size(int type);
void* uv_handle_get_data(const void* handle);
void uv_handle_set_data(void* handle, void* data);
int uv_check_init(uv_loop_s* loop, void* check);
int uv_check_start(void* check, void (*turn)(void*));
void uv_unref(void* handle);
void uv_close(void* handle, void (*closed)(void*));
}

namespace matomari::binding {

namespace {

constexpr int kUvCheck = 2;

// The gates (src/embed/gate.ts) of a worker thread that has workers of its own. When it is terminated, Node ends those
// before any hook of an addon runs; but the turn of the event loop that is under way is brought to its end first, and
// it is there that no JavaScript can be run any more, and that the gates are shut.
struct Gates {
  napi_env env = nullptr;
  napi_ref probe = nullptr;
  napi_async_cleanup_hook_handle hook = nullptr;
  std::vector<std::int32_t*> gates;
  std::chrono::milliseconds patience{};
  bool shut = false;
};

bool runs_javascript(const Gates& gates) {
  const Napi::HandleScope scope(gates.env);
  napi_value array = nullptr;
  bool has = false;
  return napi_get_reference_value(gates.env, gates.probe, &array) == napi_ok &&
         napi_has_element(gates.env, array, 0, &has) == napi_ok;
}

void turn(void* check) {
  auto& gates = *static_cast<Gates*>(uv_handle_get_data(check));
  if (gates.shut || runs_javascript(gates)) return;
  gates.shut = true;
  const auto deadline = std::chrono::steady_clock::now() + gates.patience;
  for (std::int32_t* gate : gates.gates) std::atomic_ref(gate[1]).store(1);
  for (std::int32_t* gate : gates.gates)
    while (std::atomic_ref(gate[0]).load() == 1 && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

void closed(void* check) {
  auto* const gates = static_cast<Gates*>(uv_handle_get_data(check));
  napi_remove_async_cleanup_hook(gates->hook);
  delete gates;
  std::free(check);
}

// The gates of this thread's environment; its handle is closed with it.
Gates* open_gates(Napi::Env env, napi_value probe) {
  auto* const gates = new Gates;
  gates->env = env;
  napi_create_reference(env, probe, 1, &gates->probe);
  uv_loop_s* loop = nullptr;
  napi_get_uv_event_loop(env, &loop);
  void* const check = std::calloc(1, uv_handle_size(kUvCheck));
  uv_check_init(loop, check);
  uv_handle_set_data(check, gates);
  uv_check_start(check, turn);
  uv_unref(check);
  const auto close = [](napi_async_cleanup_hook_handle, void* handle) { uv_close(handle, closed); };
  napi_add_async_cleanup_hook(env, close, check, &gates->hook);
  return gates;
}

}  // namespace

Napi::Value hold_termination(const Napi::CallbackInfo& info) {
  static thread_local Gates* gates = nullptr;
  const Napi::Env env = info.Env();
  napi_typedarray_type type;
  std::size_t length = 0;
  void* data = nullptr;
  if (napi_get_typedarray_info(env, info[0], &type, &length, &data, nullptr, nullptr) != napi_ok ||
      type != napi_int32_array || length != 2)
    throw Napi::TypeError::New(env, "a gate must be an Int32Array of two");
  if (!info[1].IsNumber()) throw Napi::TypeError::New(env, "patience must be a number");
  if (gates == nullptr) gates = open_gates(env, info[0]);
  napi_ref kept = nullptr;
  napi_create_reference(env, info[0], 1, &kept);
  gates->gates.push_back(static_cast<std::int32_t*>(data));
  gates->patience = std::chrono::milliseconds(info[1].As<Napi::Number>().Int64Value());
  return env.Undefined();
}

}  // namespace matomari::binding
