#!/usr/bin/env bash
# The CUDA benchmarks, without Node: ours, and PyTorch's matmul and argmin in the same run. Skips with the reason where there is
# no compiler or no device.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v nvidia-smi >/dev/null || ! nvidia-smi -L; then
  echo 'skipped: no NVIDIA device'
  exit 0
fi
build=build-gpu
cmake -S . -B $build -DMATOMARI_TESTS=ON | grep -E 'CUDA plugin' || true
if ! cmake --build $build --target matomari_cuda_bench --parallel; then
  echo 'skipped: the benchmark was not built'
  exit 0
fi
for shape in '1000000 768 1000' '1000000 768 10000' '1000000 384 1000'; do
  read -r rows cols clusters <<<"$shape"
  echo "== assign $rows × $cols, k = $clusters"
  $build/matomari_cuda_bench "$rows" "$cols" "$clusters"
  if python3 -c 'import torch' 2>/dev/null; then
    python3 bench/cuda/assign_torch.py "$rows" "$cols" "$clusters"
  else
    echo 'skipped: no PyTorch'
  fi
done
