#include "cuda_runtime.h"

#include <setjmp.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

namespace emulator {

namespace {

constexpr std::size_t kStack = 128 * 1024;

struct Barrier {
  unsigned arrived = 0, size = 0;
  std::uint64_t generation = 0;
};
struct Fiber {
  ucontext_t start;
  jmp_buf at;
  bool begun = false;
  bool done = false;
};
struct Block {
  std::vector<Fiber> fibers;
  Barrier all;
  std::vector<Barrier> warps;
  std::vector<std::vector<std::uint64_t>> slots;  // of each warp, 64 bytes a lane
};

Block* block = nullptr;
std::size_t current = 0;
jmp_buf scheduler;
const std::function<void()>* kernel = nullptr;
std::vector<unsigned char> shared;
std::uint64_t moved = 0;  // barriers passed and fibers ended: no more of them in a whole round is a deadlock
bool backwards = false;

void entry() {
  (*kernel)();
  block->fibers[current].done = true;
  ++moved;
  // A thread that has ended counts at no barrier any more.
  auto quit = [](Barrier& b) {
    --b.size;
    if (b.size > 0 && b.arrived == b.size) {
      b.arrived = 0;
      ++b.generation;
    }
  };
  quit(block->all);
  quit(block->warps[current / 32]);
  _longjmp(scheduler, 1);
}

// Back to the scheduler, until it is this fiber's turn again. Unlike swapcontext it leaves the signal mask alone, which
// would be two system calls.
void leave() {
  if (_setjmp(block->fibers[current].at) == 0) _longjmp(scheduler, 1);
}

void pass(Barrier& b) {
  const std::uint64_t generation = b.generation;
  if (++b.arrived == b.size) {
    b.arrived = 0;
    ++b.generation;
    ++moved;
    return;
  }
  while (b.generation == generation) leave();
}

void resume(Fiber& f) {
  if (_setjmp(scheduler) != 0) return;
  if (f.begun) _longjmp(f.at, 1);
  f.begun = true;
  setcontext(&f.start);
}

void run_block(unsigned threads, std::vector<unsigned char>& stacks) {
  Block here;
  here.fibers.resize(threads);
  here.all.size = threads;
  here.warps.resize((threads + 31) / 32);
  for (unsigned t = 0; t < threads; ++t) ++here.warps[t / 32].size;
  here.slots.assign(here.warps.size(), std::vector<std::uint64_t>(32 * 8));
  block = &here;
  for (unsigned t = 0; t < threads; ++t) {
    ucontext_t& c = here.fibers[t].start;
    getcontext(&c);
    c.uc_stack.ss_sp = stacks.data() + t * kStack;
    c.uc_stack.ss_size = kStack;
    c.uc_link = nullptr;
    makecontext(&c, entry, 0);
  }
  for (std::size_t left = threads, idle = 0; left > 0;) {
    const std::uint64_t before = moved;
    for (unsigned i = 0; i < threads; ++i) {
      current = backwards ? threads - 1 - i : i;
      Fiber& f = here.fibers[current];
      if (f.done) continue;
      thread_index = {static_cast<unsigned>(current), 0, 0};
      resume(f);
      if (f.done) --left;
    }
    idle = moved == before ? idle + 1 : 0;
    if (idle > 1000) {
      std::fprintf(stderr, "emulator: %zu threads of a block wait for ever\n", left);
      std::abort();
    }
  }
}

}  // namespace

void run(unsigned grid, unsigned threads, std::size_t bytes, const std::function<void()>& body) {
  static std::vector<unsigned char> stacks;
  if (stacks.size() < threads * kStack) stacks.resize(threads * kStack);
  kernel = &body;
  block_size = {threads, 1, 1};
  grid_size = {grid, 1, 1};
  for (unsigned b = 0; b < grid; ++b) {
    shared.assign(bytes + 1024, 0xA5);
    block_index = {b, 0, 0};
    run_block(threads, stacks);
  }
  backwards = !backwards;
}

unsigned char* shared_memory() {
  const auto address = reinterpret_cast<std::uintptr_t>(shared.data());
  return shared.data() + (1024 - address % 1024) % 1024;
}
void yield() { leave(); }
void sync_block() { pass(block->all); }
void sync_warp() { pass(block->warps[current / 32]); }
unsigned lane() { return static_cast<unsigned>(current % 32); }
unsigned warp_width() { return std::min(32u, block_size.x - static_cast<unsigned>(current / 32 * 32)); }
unsigned char* warp_slots(std::size_t) { return reinterpret_cast<unsigned char*>(block->slots[current / 32].data()); }

}  // namespace emulator

// Streams. One thread at a time is on the device, whichever of the host's it is.
namespace emulator {

struct Stream {
  std::deque<std::function<void()>> waiting;
  std::uint64_t given = 0, done = 0;  // pieces of work
};
struct Event {
  Stream* stream = nullptr;  // null: never recorded
  std::uint64_t at = 0;
};

namespace {

std::recursive_mutex& mutex() {
  static std::recursive_mutex one;
  return one;
}

void advance(Stream* s, std::uint64_t to) {
  while (s->done < to) {
    const std::function<void()> work = std::move(s->waiting.front());
    s->waiting.pop_front();
    work();
    ++s->done;
  }
}

struct Mapping {
  void* base;
  std::size_t bytes, asked;
};
std::map<void*, Mapping>& mappings() {
  static std::map<void*, Mapping> all;
  return all;
}
std::map<const char*, std::size_t>& pinned() {
  static std::map<const char*, std::size_t> all;
  return all;
}
bool is_pinned(const void* p) {
  auto after = pinned().upper_bound(static_cast<const char*>(p));
  if (after == pinned().begin()) return false;
  --after;
  return static_cast<const char*>(p) < after->first + after->second;
}

void release(void* p) {
  const Mapping m = mappings().at(p);
  mappings().erase(p);
  used -= m.asked;
  munmap(m.base, m.bytes);
}

}  // namespace

void enqueue(Stream* stream, std::function<void()> work) {
  const std::lock_guard lock(mutex());
  stream->waiting.push_back(std::move(work));
  ++stream->given;
}

int capability_of_choice() {
  const char* const wanted = std::getenv("MATOMARI_EMULATED_CAPABILITY");
  return wanted ? std::atoi(wanted) : 9;
}

}  // namespace emulator

using emulator::mutex;

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* s, unsigned) { return *s = new emulator::Stream, cudaSuccess; }
cudaError_t cudaStreamSynchronize(cudaStream_t s) {
  const std::lock_guard lock(mutex());
  emulator::advance(s, s->given);
  return cudaSuccess;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t s, cudaEvent_t e, unsigned) {
  const std::lock_guard lock(mutex());
  if (e->stream) emulator::enqueue(s, [other = e->stream, at = e->at] { emulator::advance(other, at); });
  return cudaSuccess;
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* e, unsigned) { return *e = new emulator::Event, cudaSuccess; }
cudaError_t cudaEventDestroy(cudaEvent_t e) { return delete e, cudaSuccess; }
cudaError_t cudaEventRecord(cudaEvent_t e, cudaStream_t s) {
  const std::lock_guard lock(mutex());
  *e = {s, s->given};
  return cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t e) {
  const std::lock_guard lock(mutex());
  if (e->stream) emulator::advance(e->stream, e->at);
  return cudaSuccess;
}
cudaError_t cudaEventQuery(cudaEvent_t e) { return cudaEventSynchronize(e); }

cudaError_t cudaMemGetInfo(std::size_t* available, std::size_t* total) {
  const std::lock_guard lock(mutex());
  *total = emulator::memory;
  *available = emulator::memory - emulator::used;
  return cudaSuccess;
}
cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t, cudaMemPoolAttr, void* value) {
  const std::lock_guard lock(mutex());
  *static_cast<std::uint64_t*>(value) = emulator::used;
  return cudaSuccess;
}

cudaError_t cudaMallocFromPoolAsync(void** p, std::size_t bytes, cudaMemPool_t, cudaStream_t) {
  const std::lock_guard lock(mutex());
  constexpr std::size_t page = 4096;
  *p = nullptr;
  if (bytes > emulator::memory - emulator::used) return cudaErrorMemoryAllocation;
  const std::size_t padded = (bytes + 255) / 256 * 256;  // as the device aligns it
  const std::size_t whole = (padded + page - 1) / page * page + page;
  auto* const base = static_cast<unsigned char*>(mmap(nullptr, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  if (base == MAP_FAILED) return cudaErrorMemoryAllocation;
  mprotect(base + whole - page, page, PROT_NONE);
  std::memset(base, 0xA5, whole - page);
  *p = base + (whole - page - padded);
  emulator::mappings()[*p] = {base, whole, bytes};
  emulator::used += bytes;
  return cudaSuccess;
}
cudaError_t cudaFreeAsync(void* p, cudaStream_t s) {
  if (p) emulator::enqueue(s, [p] { emulator::release(p); });
  return cudaSuccess;
}
cudaError_t cudaHostAlloc(void** p, std::size_t bytes, unsigned) {
  const std::lock_guard lock(mutex());
  *p = std::malloc(bytes);
  emulator::pinned()[static_cast<const char*>(*p)] = bytes;
  return cudaSuccess;
}

// Pinned memory is read and written when the stream comes to it; what is pageable is kept at once, or written at once.
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t n, cudaMemcpyKind kind, cudaStream_t s) {
  if (n == 0) return cudaSuccess;
  const std::lock_guard lock(mutex());
  if (kind == cudaMemcpyHostToDevice && !emulator::is_pinned(from)) {
    std::vector<unsigned char> kept(static_cast<const unsigned char*>(from), static_cast<const unsigned char*>(from) + n);
    emulator::enqueue(s, [to, kept = std::move(kept)] { std::memcpy(to, kept.data(), kept.size()); });
    return cudaSuccess;
  }
  emulator::enqueue(s, [=] { std::memcpy(to, from, n); });
  if (kind == cudaMemcpyDeviceToHost && !emulator::is_pinned(to)) cudaStreamSynchronize(s);
  return cudaSuccess;
}
cudaError_t cudaMemsetAsync(void* p, int value, std::size_t n, cudaStream_t s) {
  emulator::enqueue(s, [=] { std::memset(p, value, n); });
  return cudaSuccess;
}
