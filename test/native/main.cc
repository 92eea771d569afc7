#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>

#include "harness.h"

// Runs every test, prints one line `hash OPERATION VALUE` for each operation and at the end `N checks, N failed`. The
// hashes are of all results of an operation: they must be the same on every machine, whatever its levels. `--quick` takes
// less data, for a processor that is emulated.
int main(int count, char** arguments) {
  using namespace matomari::test;
  quick = count > 1 && std::strcmp(arguments[1], "--quick") == 0;
  std::printf("levels");
  for (const auto* k : levels()) std::printf(" %s", k->name);
  std::printf("\nbest %s\n", matomari::simd::best_kernels().name);
  for (const Test& test : tests()) {
    const int before = failures;
    const auto start = std::chrono::steady_clock::now();
    try {
      test.run();
    } catch (const std::exception& e) {
      check(false, e.what(), test.name, 0);
    }
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    std::printf("%s %s (%.0f ms)\n", failures > before ? "FAILED" : "ok", test.name, took.count());
    std::fflush(stdout);
  }
  std::printf("%d checks, %d failed\n", checks, failures);
  return failures == 0 ? 0 : 1;
}
