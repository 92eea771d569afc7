#pragma once
#include "core/context.h"
#include "core/error.h"
#include "cuda/plugin.h"

namespace matomari::cuda {

// Calls an operation of the plugin for a job. What the plugin finds wrong with the data `check` finds once more: it throws
// what the CPU's operation would throw.
template <class Arguments, class Check>
void call(core::Context& ctx, int (*operation)(const MatomariCudaJob*, Arguments*, MatomariCudaError*), Arguments& arguments,
          Check&& check) {
  const MatomariCudaJob job{&ctx, [](void* context) { return static_cast<core::Context*>(context)->cancelled(); },
                            [](void* context, const char* stage, std::uint64_t done, std::uint64_t total) {
                              static_cast<core::Context*>(context)->progress(stage, done, total);
                            },
                            ctx.threads()};
  MatomariCudaError error{};
  if (operation(&job, &arguments, &error) == 0) return;
  const auto code = static_cast<core::Code>(error.code);
  if (code == core::Code::bad_input) check();
  throw core::Error(code, error.message);
}

}  // namespace matomari::cuda
