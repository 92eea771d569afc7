#!/usr/bin/env bash
# Everything that needs a GPU and no Node: builds the plugin and the native tests with plain cmake, runs them on the first
# device, and on less data under compute-sanitizer where that is to be had. Skips with the reason where there is no compiler
# or no device.
set -euo pipefail
cd "$(dirname "$0")/.."
build=build-gpu
cmake -S . -B $build -DMATOMARI_TESTS=ON | grep -E 'CUDA plugin' || true
cmake --build $build --target matomari_cuda_test --parallel
if ! cmake --build $build --target matomari_cuda --parallel; then
  echo 'skipped: the CUDA plugin was not built'
  exit 0
fi
status=0
$build/matomari_cuda_test || status=$?
if [ $status -eq 2 ]; then exit 0; fi
if [ $status -ne 0 ]; then exit $status; fi

sanitizer=$(command -v compute-sanitizer || ls .cuda/lib/python3*/site-packages/nvidia/cu*/bin/compute-sanitizer \
  .cuda/lib/python3*/site-packages/nvidia/cu*/compute-sanitizer/compute-sanitizer 2>/dev/null | head -n 1 || true)
if [ -z "$sanitizer" ]; then
  echo 'skipped: no compute-sanitizer (part of the CUDA toolkit, or npm run setup:cuda)'
  exit 0
fi
for tool in memcheck racecheck synccheck; do
  echo "== compute-sanitizer $tool"
  "$sanitizer" --tool $tool --error-exitcode 1 $build/matomari_cuda_test --quick
done
