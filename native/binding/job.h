#pragma once
#include <napi.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include "core/context.h"
#include "simd/kernels.h"

// The one asynchronous template: every operation is a Job. It borrows typed arrays, which it keeps from being
// collected, runs on the process-wide pool, and settles its promise on the thread of the environment it was started in.
namespace matomari::binding {

class Job;

// What belongs to one environment (the main thread, or one worker thread).
struct Environment {
  std::unordered_set<std::shared_ptr<Job>> jobs;
  int unsettled = 0;
  std::atomic<int> running{0};

  // Before the environment goes: asks every job to stop, and waits until none touches borrowed memory any more.
  void stop();
};

class Job : public core::Context {
 public:
  using Work = std::function<void(core::Context&, const simd::Kernels&)>;
  using Finish = std::function<void(Napi::Object result)>;

  // Starts the job and returns { promise, cancel() }. `options` is JobOptions of binding.d.ts; `pins` are the borrowed
  // arrays. `work` runs elsewhere; `finish` puts what it found into the result, back in the environment.
  static Napi::Value start(Napi::Env env, Napi::Object options, const std::vector<Napi::Value>& pins, Work work,
                           Finish finish);

 private:
  enum class Message { progress, done };
  static void deliver(Napi::Env env, Napi::Function, Job* job, Message* message);
  using Channel = Napi::TypedThreadSafeFunction<Job, Message, &Job::deliver>;

  Job(Napi::Env env, unsigned threads, const simd::Kernels& kernels);
  void run() noexcept;
  void on_progress(const Progress& now) noexcept override;
  void report(Napi::Env env);
  void settle(Napi::Env env);

  const simd::Kernels& kernels_;
  Work work_;
  Finish finish_;
  Napi::Promise::Deferred deferred_;
  std::vector<Napi::Reference<Napi::Value>> pins_;
  Napi::FunctionReference progress_;
  bool wants_progress_ = false;
  std::mutex unheard_mutex_;
  std::vector<Progress> unheard_;  // the last report of each stage since the event loop heard any
  Channel channel_;
  std::atomic<std::int64_t> next_report_{0};  // when the next report is due, or kQueued
  const char* error_code_ = nullptr;
  std::string error_message_;
};

// The number of the CUDA device that the job is to run on, or −1 for the CPU.
inline int gpu_of(const Napi::CallbackInfo& info) {
  const Napi::Value gpu = info[1].As<Napi::Object>().Get("gpu");
  return gpu.IsNumber() ? gpu.As<Napi::Number>().Int32Value() : -1;
}

}  // namespace matomari::binding
