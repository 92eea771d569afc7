#include "binding/job.h"

#include <chrono>
#include <limits>
#include <new>
#include <thread>

#include "core/error.h"
#include "core/pool.h"

namespace matomari::binding {

namespace {

const simd::Kernels& kernels_named(Napi::Env env, const Napi::Value& name) {
  if (name.IsUndefined()) return simd::best_kernels();
  const std::string wanted = name.As<Napi::String>();
  for (simd::Level level : {simd::Level::scalar, simd::Level::avx2, simd::Level::avx512, simd::Level::neon})
    if (const simd::Kernels* k = simd::kernels(level); k && wanted == k->name) return *k;
  throw Napi::RangeError::New(env, "this machine has no SIMD level " + wanted);
}

constexpr std::int64_t kPause = 10'000;
constexpr std::int64_t kQueued = std::numeric_limits<std::int64_t>::max();

std::int64_t microseconds() noexcept {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

}  // namespace

void Environment::stop() {
  for (const auto& job : jobs) job->cancel();
  while (running.load() != 0) std::this_thread::sleep_for(std::chrono::microseconds(100));
}

Job::Job(Napi::Env env, unsigned threads, const simd::Kernels& kernels)
    : core::Context(threads), kernels_(kernels), deferred_(Napi::Promise::Deferred::New(env)) {}

Napi::Value Job::start(Napi::Env env, Napi::Object options, const std::vector<Napi::Value>& pins, Work work,
                       Finish finish) {
  const auto threads = options.Get("threads").As<Napi::Number>().Uint32Value();
  const std::shared_ptr<Job> job(new Job(env, threads, kernels_named(env, options.Get("simd"))));
  job->work_ = std::move(work);
  job->finish_ = std::move(finish);
  for (const Napi::Value& pin : pins) job->pins_.push_back(Napi::Reference<Napi::Value>::New(pin, 1));
  if (const Napi::Value progress = options.Get("onProgress"); progress.IsFunction()) {
    job->progress_ = Napi::Persistent(progress.As<Napi::Function>());
    job->wants_progress_ = true;
  }
  auto* const environment = env.GetInstanceData<Environment>();
  environment->jobs.insert(job);
  ++environment->unsettled;
  job->channel_ = Channel::New(
      env, "matomari", 0, 1, job.get(),
      [environment](Napi::Env, void*, Job* ended) {
        for (auto it = environment->jobs.begin(); it != environment->jobs.end(); ++it)
          if (it->get() == ended) {
            environment->jobs.erase(it);
            break;
          }
      },
      static_cast<void*>(nullptr));
  environment->running.fetch_add(1);
  try {
    core::Pool::shared().post([raw = job.get(), environment] {
      raw->run();
      environment->running.fetch_sub(1);
    });
  } catch (const std::exception& e) {
    environment->running.fetch_sub(1);
    --environment->unsettled;
    job->channel_.Release();
    throw Napi::Error::New(env, std::string("no thread could be started: ") + e.what());
  }
  Napi::Object handle = Napi::Object::New(env);
  handle.Set("promise", job->deferred_.Promise());
  // The handle may outlive the job.
  handle.Set("cancel", Napi::Function::New(env, [watched = std::weak_ptr<Job>(job)](const Napi::CallbackInfo&) {
               if (const auto alive = watched.lock()) alive->cancel();
             }));
  return handle;
}

void Job::run() noexcept {
  try {
    check();
    work_(*this, kernels_);
  } catch (const core::Error& e) {
    error_code_ = core::name(e.code());
    error_message_ = e.what();
  } catch (const std::bad_alloc&) {
    error_code_ = core::name(core::Code::out_of_memory);
    error_message_ = "scratch memory could not be allocated";
  } catch (const std::exception& e) {
    error_code_ = core::name(core::Code::internal);
    error_message_ = e.what();
  }
  static Message done = Message::done;
  Channel channel = channel_;
  channel.NonBlockingCall(&done);
  channel.Release();
}

// At most one message waits for the event loop, and the next is due kPause after it was heard: a small job that reports
// every few microseconds must not keep the loop busy. No stage goes unheard, however short.
void Job::on_progress(const Progress& now) noexcept {
  static Message progress = Message::progress;
  if (!wants_progress_) return;
  {
    const std::lock_guard lock(unheard_mutex_);
    std::erase_if(unheard_, [&](const Progress& one) { return one.stage == now.stage; });
    unheard_.push_back(now);
  }
  std::int64_t due = next_report_.load(std::memory_order_relaxed);
  if (microseconds() >= due && next_report_.compare_exchange_strong(due, kQueued)) channel_.NonBlockingCall(&progress);
}

void Job::deliver(Napi::Env env, Napi::Function, Job* job, Message* message) {
  if (env == nullptr || job == nullptr) return;  // the environment is going away
  const Napi::HandleScope scope(env);
  if (*message == Message::done) {
    job->settle(env);
    return;
  }
  job->report(env);
  job->next_report_.store(microseconds() + kPause);
}

void Job::report(Napi::Env env) {
  std::vector<Progress> news;
  {
    const std::lock_guard lock(unheard_mutex_);
    news.swap(unheard_);
  }
  for (const Progress& one : news)
    progress_.Call({Napi::String::New(env, one.stage), Napi::Number::New(env, static_cast<double>(one.done)),
                    Napi::Number::New(env, static_cast<double>(one.total))});
}

void Job::settle(Napi::Env env) {
  if (!error_code_ && wants_progress_) report(env);  // the last report may have been too soon after the one before
  if (error_code_) {
    const Napi::Error error = Napi::Error::New(env, error_message_);
    error.Set("code", Napi::String::New(env, error_code_));
    deferred_.Reject(error.Value());
  } else {
    Napi::Object result = Napi::Object::New(env);
    result.Set("simd", kernels_.name);
    finish_(result);
    deferred_.Resolve(result);
  }
  pins_.clear();
  --env.GetInstanceData<Environment>()->unsettled;
}

}  // namespace matomari::binding
