#!/usr/bin/env bash
# The native tests under AddressSanitizer with UndefinedBehaviorSanitizer, and under ThreadSanitizer; or under those that
# are named: test-sanitizers.sh address,undefined
source "$(dirname "$0")/native-tests.sh"
need cmake g++
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 TSAN_OPTIONS=halt_on_error=1
[ $# -gt 0 ] || set -- address,undefined thread
for sanitizers in "$@"; do
  dir=build-${sanitizers%%,*}
  build_tests "$dir" -DMATOMARI_SANITIZE="$sanitizers" -DCMAKE_BUILD_TYPE=Sanitized "-DCMAKE_CXX_FLAGS=-O1 -g1"
  echo "== $sanitizers"
  "$dir/matomari_test" | grep -v '^ok '
done
