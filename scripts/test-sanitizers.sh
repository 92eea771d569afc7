#!/usr/bin/env bash
# The native tests under AddressSanitizer with UndefinedBehaviorSanitizer, and under ThreadSanitizer.
source "$(dirname "$0")/native-tests.sh"
need cmake g++
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 TSAN_OPTIONS=halt_on_error=1
for sanitizers in address,undefined thread; do
  dir=build-${sanitizers%%,*}
  build_tests "$dir" -DMATOMARI_SANITIZE="$sanitizers" -DCMAKE_BUILD_TYPE=RelWithDebInfo
  echo "== $sanitizers"
  "$dir/matomari_test" | grep -v '^ok '
done
