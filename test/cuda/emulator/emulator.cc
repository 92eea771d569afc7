#include "cuda_runtime.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <mutex>
#include <vector>

// Leaves what a call must preserve on the stack, the stack's address in *from, and goes on where `to` was left. A kernel
// switches at every barrier: setjmp and swapcontext do far more.
extern "C" void matomari_emulator_switch(void** from, void* to);
asm(R"(
.text
.type matomari_emulator_switch, @function
matomari_emulator_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size matomari_emulator_switch, . - matomari_emulator_switch
)");

namespace emulator {

namespace {

constexpr std::size_t kStack = 128 * 1024, kSlots = 32 * 64;  // bytes: of a thread; of what a warp's lanes exchange

struct Barrier {
  unsigned arrived = 0, size = 0;
  std::uint64_t generation = 0;
};
struct Fiber {
  void* stack;
  const Barrier* barrier;  // waited for, until its generation is another; null: none
  std::uint64_t generation;
  bool done, odd;  // odd: exchanges so far
};
// Kept from block to block.
struct Block {
  std::vector<Fiber> fibers;
  Barrier all;
  std::vector<Barrier> warps;
  std::vector<unsigned char> slots, stacks;
};

Block block;
std::size_t current = 0;
void* scheduler = nullptr;
const std::function<void()>* kernel = nullptr;
std::vector<unsigned char> shared;
std::uint64_t moved = 0;  // barriers passed and fibers ended: no more of them in a whole round is a deadlock
bool backwards = false;

// Back to the scheduler, until it is this fiber's turn again.
void leave() { matomari_emulator_switch(&block.fibers[current].stack, scheduler); }

void release(Barrier& b) {
  b.arrived = 0;
  ++b.generation;
  ++moved;
}

void entry() {
  (*kernel)();
  block.fibers[current].done = true;
  ++moved;
  // A thread that has ended counts at no barrier any more.
  for (Barrier* b : {&block.all, &block.warps[current / 32]})
    if (--b->size > 0 && b->arrived == b->size) release(*b);
  leave();
}

void pass(Barrier& b) {
  if (++b.arrived == b.size) return release(b);
  Fiber& f = block.fibers[current];
  f.barrier = &b;
  f.generation = b.generation;
  leave();
  f.barrier = nullptr;
}

// A stack from which the switch goes to entry(), aligned as a call leaves it.
void* fresh_stack(unsigned thread) {
  const auto end = reinterpret_cast<std::uintptr_t>(block.stacks.data() + (thread + 1) * kStack) / 16 * 16;
  void** const top = reinterpret_cast<void**>(end) - 8;
  std::fill_n(top, 8, nullptr);
  top[6] = reinterpret_cast<void*>(&entry);
  return top;
}

void run_block(unsigned threads) {
  block.all = {0, threads, 0};
  block.warps.assign((threads + 31) / 32, {});
  for (unsigned t = 0; t < threads; ++t) {
    ++block.warps[t / 32].size;
    block.fibers[t] = {fresh_stack(t), nullptr, 0, false, false};
  }
  for (std::size_t left = threads, idle = 0; left > 0;) {
    const std::uint64_t before = moved;
    for (unsigned i = 0; i < threads; ++i) {
      current = backwards ? threads - 1 - i : i;
      Fiber& f = block.fibers[current];
      if (f.done || (f.barrier && f.barrier->generation == f.generation)) continue;
      thread_index = {static_cast<unsigned>(current), 0, 0};
      matomari_emulator_switch(&scheduler, f.stack);
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
  if (block.fibers.size() < threads) {
    block.fibers.resize(threads);
    block.stacks.resize(threads * kStack);
    block.slots.resize((threads + 31) / 32 * 2 * kSlots);
  }
  kernel = &body;
  block_size = {threads, 1, 1};
  grid_size = {grid, 1, 1};
  for (unsigned b = 0; b < grid; ++b) {
    shared.assign(bytes + 1024, 0xA5);
    block_index = {b, 0, 0};
    run_block(threads);
  }
  backwards = !backwards;
}

unsigned char* shared_memory() {
  const auto address = reinterpret_cast<std::uintptr_t>(shared.data());
  return shared.data() + (1024 - address % 1024) % 1024;
}
void yield() { leave(); }
void sync_block() { pass(block.all); }
void sync_warp() { pass(block.warps[current / 32]); }
unsigned char* warp_slots() {
  bool& odd = block.fibers[current].odd;
  odd = !odd;
  return block.slots.data() + (current / 32 * 2 + odd) * kSlots;
}

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
