#!/usr/bin/env bash
# Everything that needs a GPU and no Node: builds the plugin and the native tests with plain cmake, runs them on the first
# device, and on less data under compute-sanitizer where that is to be had. Every operation has a process of its own, so that one
# that fails or hangs leaves the others to report. Skips with the reason where there is no compiler or no device.
set -uo pipefail
source "$(dirname "$0")/gpu-steps.sh"
has_gpu || finish
step 120 'configure' bash -c configure || finish
step 300 'build the tests' bash -c 'compile matomari_cuda_test' || finish
step 500 'build the plugin' bash -c 'compile matomari_cuda' || finish

operations=(assign distances kmeans nearest weighted_mean session)
for operation in "${operations[@]}"; do
  step 120 "$operation equals the CPU" "$build/matomari_cuda_test" "$operation"
done

sanitizer=$(command -v compute-sanitizer || ls /usr/local/cuda/bin/compute-sanitizer .cuda/lib/python3*/site-packages/nvidia/cu*/bin/compute-sanitizer \
  2>/dev/null | head -n 1)
if [ -z "$sanitizer" ]; then
  skip 'no compute-sanitizer (part of the CUDA toolkit, or npm run setup:cuda)'
  finish
fi
for tool in memcheck racecheck synccheck; do
  for operation in "${operations[@]}"; do
    step 100 "$operation under $tool" "$sanitizer" --tool $tool --error-exitcode 1 "$build/matomari_cuda_test" "$operation" --quick
  done
done
finish
