#!/usr/bin/env bash
# Builds the native tests (test/native) with plain cmake, and runs them. Sourced by test-neon.sh and test-sanitizers.sh.
#   build_tests DIR [CMAKE OPTION…]    → DIR/matomari_test
#   hashes FILE                        → the results' hashes of a run, which must be the same everywhere
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

need() {
  local command
  for command in "$@"; do
    command -v "$command" >/dev/null && continue
    echo "$command is not there: apt-get install g++ cmake g++-aarch64-linux-gnu qemu-user-static" >&2
    exit 1
  done
}

build_tests() {
  local dir=$1
  shift
  cmake -S . -B "$dir" -DMATOMARI_TESTS=ON "$@" >"$dir.log" 2>&1 &&
    cmake --build "$dir" --target matomari_test --parallel "$(getconf _NPROCESSORS_ONLN)" >>"$dir.log" 2>&1 || {
    cat "$dir.log" >&2
    exit 1
  }
  rm -f "$dir.log"
}

hashes() {
  grep '^hash ' "$1"
}
