#!/usr/bin/env bash
# The native tests on processors that this machine is not: 64-bit Arm (NEON) and, where this is x86-64, an x86-64 without
# AVX and one without AVX-512, all under qemu. Each must take the levels it has and give the same results, bit for bit,
# as this machine. Needs g++-aarch64-linux-gnu and qemu-user-static.
source "$(dirname "$0")/native-tests.sh"
need cmake g++ aarch64-linux-gnu-g++ qemu-aarch64-static
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
failed=0

# run NAME LEVELS COMMAND…: the tests must pass, take these levels, and give this machine's hashes.
run() {
  local name=$1 levels=$2
  shift 2
  # qemu warns of features that it leaves out; none of them is used.
  if ! "$@" >"$out/$name" 2> >(grep -v "TCG doesn't support" >&2); then
    grep -v '^ok ' "$out/$name" || true
    echo "failed: $name: the tests"
    failed=1
    return
  fi
  if [ "$(head -n 1 "$out/$name")" != "levels $levels" ]; then
    echo "failed: $name took $(head -n 1 "$out/$name"), not $levels"
    failed=1
  fi
  if ! diff <(hashes "$out/here") <(hashes "$out/$name"); then
    echo "failed: $name gives other results than this machine"
    failed=1
  fi
  echo "$name: levels $levels, $(tail -n 1 "$out/$name")"
}

build_tests build-native
build-native/matomari_test >"$out/here" || {
  grep -v '^ok ' "$out/here"
  exit 1
}
echo "here: $(head -n 1 "$out/here"), $(tail -n 1 "$out/here")"
build_tests build-neon -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 \
  -DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++ -DCMAKE_EXE_LINKER_FLAGS=-static
run neon 'scalar neon' qemu-aarch64-static build-neon/matomari_test
if [ "$(uname -m)" = x86_64 ] && command -v qemu-x86_64-static >/dev/null; then
  run nehalem 'scalar' qemu-x86_64-static -cpu Nehalem build-native/matomari_test
  run haswell 'scalar avx2' qemu-x86_64-static -cpu Haswell build-native/matomari_test
fi
[ "$failed" -eq 0 ] && echo 'equal results everywhere'
exit "$failed"
