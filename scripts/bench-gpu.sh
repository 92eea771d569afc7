#!/usr/bin/env bash
# The CUDA benchmarks, without Node: ours, and PyTorch in the same run. The figures go to a file in the folder that is given, or in
# bench/results/gpu, with the card's name; what one of them cannot say, the others say all the same. Skips with the reason where
# there is no compiler or no device.
set -uo pipefail
source "$(dirname "$0")/gpu-steps.sh"
folder=${1:-bench/results/gpu}
has_gpu || finish
step 120 'configure' bash -c configure || finish
step 500 'build the benchmark' bash -c 'compile matomari_cuda_bench' || finish
peers=yes
python3 -c 'import torch' 2>/dev/null || { skip 'no PyTorch to race'; peers=; }

lines=$(mktemp)
trap 'rm -f "$lines"' EXIT
# race NAME COMMAND…: what it prints goes to the figures as well.
race() {
  step 90 "$1" bash -o pipefail -c '"${@:2}" | tee -a "$1"' race "$lines" "${@:2}"
}
while read -r -a shape; do
  race "${shape[*]}" "$build/matomari_cuda_bench" "${shape[@]}"
  if [ -n "$peers" ]; then race "torch ${shape[*]}" python3 bench/cuda/peers.py "${shape[@]}"; fi
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
out=$folder/$(date -u +%Y-%m-%d)-$commit.json
about() { nvidia-smi --query-gpu="$1" --format=csv,noheader | head -n 1; }
mkdir -p "$folder"
{
  printf '{\n  "commit": "%s",\n  "gpu": "%s",\n  "driver": "%s",\n  "results": [\n' "$commit" "$(about name)" "$(about driver_version)"
  # Only whole lines: one that was cut off would spoil the rest.
  grep -E '^\{.*\}$' "$lines" | sed '$!s/$/,/; s/^/    /'
  printf '  ]\n}\n'
} >"$out"
echo "written: $out"
finish
