#!/usr/bin/env bash
# The CUDA benchmarks, without Node: ours, and PyTorch in the same run. The figures go to bench/results/gpu as well, with the card's
# name. Skips with the reason where there is no compiler or no device.
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
lines=$(mktemp)
trap 'rm -f "$lines"' EXIT
while read -r operation rows cols count; do
  echo "== $operation $rows × $cols, $count"
  $build/matomari_cuda_bench "$operation" "$rows" "$cols" "$count" | tee -a "$lines"
  if python3 -c 'import torch' 2>/dev/null; then
    python3 bench/cuda/peers.py "$operation" "$rows" "$cols" "$count" | tee -a "$lines"
  else
    echo 'skipped: no PyTorch'
  fi
done <<'SHAPES'
assign 1000000 768 1000
assign 1000000 768 10000
assign 1000000 384 1000
iteration 1000000 768 1000
iteration 1000000 768 10000
kmeans++ 1000000 768 4000
nearest 1000000 384 15
weightedMean 1000000 384 50000
SHAPES
commit=$(git rev-parse --short=9 HEAD 2>/dev/null || echo unknown)
out=bench/results/gpu/$(date -u +%Y-%m-%d)-$commit.json
mkdir -p bench/results/gpu
{
  printf '{\n  "commit": "%s",\n  "gpu": "%s",\n  "driver": "%s",\n  "results": [\n' "$commit" \
    "$(nvidia-smi --query-gpu=name --format=csv,noheader | head -n 1)" \
    "$(nvidia-smi --query-gpu=driver_version --format=csv,noheader | head -n 1)"
  sed '$!s/$/,/; s/^/    /' "$lines"
  printf '  ]\n}\n'
} >"$out"
echo "written: $out"
