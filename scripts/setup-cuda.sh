#!/usr/bin/env bash
# The CUDA compiler, cuobjdump and compute-sanitizer in .cuda (150 MB), where CMake and the tests look for them. Does
# nothing when what is there is what scripts/cuda-requirements.txt asks for.
set -euo pipefail
cd "$(dirname "$0")/.."
stamp=.cuda/requirements.txt
if cmp -s scripts/cuda-requirements.txt "$stamp"; then
  echo 'the CUDA compiler is there: .cuda'
  exit 0
fi
python3 -m venv .cuda
.cuda/bin/pip install --quiet --disable-pip-version-check -r scripts/cuda-requirements.txt
cp scripts/cuda-requirements.txt "$stamp"
