#include <cstdio>
#include <cstring>
#include <exception>

#include "../native/harness.h"
#include "cuda/plugin.h"

// Runs every test on the first CUDA device, or says why it cannot: matomari_cuda.so must lie beside this program. `--quick`: on less
// data; any other argument: those tests whose names hold it. Ends with `N checks, N failed`; exits 2 where there is no device.
int main(int count, char** arguments) {
  using namespace matomari;
  using namespace matomari::test;
  const char* wanted = "";
  for (int i = 1; i < count; ++i) {
    if (std::strcmp(arguments[i], "--quick") == 0)
      quick = true;
    else
      wanted = arguments[i];
  }
  const cuda::Availability& found = cuda::availability();
  if (found.devices.empty()) {
    std::printf("skipped: %s\n", found.reason.c_str());
    return 2;
  }
  std::printf("device %s\n", found.devices[0].name.c_str());
  for (const Test& test : tests()) {
    if (!std::strstr(test.name, wanted)) continue;
    const int before = failures;
    try {
      test.run();
    } catch (const std::exception& e) {
      check(false, e.what(), test.name, 0);
    }
    std::printf("%s %s\n", failures > before ? "FAILED" : "ok", test.name);
    std::fflush(stdout);
  }
  std::printf("%d checks, %d failed\n", checks, failures);
  return failures == 0 ? 0 : 1;
}
