# Sourced by the scripts that run on a machine with a GPU: steps that are timed, cut off, and let the next ones report whatever
# happened to them.
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=${MATOMARI_BUILD:-build-gpu}
ok=0 failed=0 skipped=0
PATH=$PATH:/usr/local/cuda/bin

# step SECONDS NAME COMMAND…: says how it ended; 2 of a command means that it has skipped itself. All steps together take no more
# than MATOMARI_SECONDS, where that is set.
step() {
  local limit=$1 name=$2 status=0 start=$SECONDS left=$((${MATOMARI_SECONDS:-1000000} - SECONDS))
  shift 2
  printf '\n== %s\n' "$name"
  if [ $left -le 0 ]; then
    skip "$name: MATOMARI_SECONDS, $MATOMARI_SECONDS, are over"
    return 2
  fi
  if [ $left -lt "$limit" ]; then limit=$left; fi
  timeout -k 10 "$limit" "$@" || status=$?
  case $status in
    0) ok=$((ok + 1)) && echo "ok: $name ($((SECONDS - start)) s)" ;;
    2) skipped=$((skipped + 1)) ;;
    124 | 137) failed=$((failed + 1)) && echo "FAILED: $name was cut off after $limit s" ;;
    *) failed=$((failed + 1)) && echo "FAILED: $name (exit $status, $((SECONDS - start)) s)" ;;
  esac
  return $status
}

skip() {
  skipped=$((skipped + 1))
  echo "skipped: $*"
}

# Ends the script; the last line counts the steps.
finish() {
  printf '\n%d passed, %d failed, %d skipped\n' $ok $failed $skipped
  exit $((failed > 0))
}

# Whether there is a GPU; says why not.
has_gpu() {
  if command -v nvidia-smi >/dev/null && nvidia-smi -L; then return 0; fi
  skip 'no NVIDIA device (nvidia-smi finds none)'
  return 1
}

# Configures the build for the first GPU alone: code for others would take as long again.
configure() {
  local options=(-DMATOMARI_TESTS=ON)
  case $(nvidia-smi --query-gpu=compute_cap --format=csv,noheader | head -n 1) in
    8.0) options+=(-DCMAKE_CUDA_ARCHITECTURES=80-real) ;;
    9.*) options+=(-DCMAKE_CUDA_ARCHITECTURES=90a-real) ;;
  esac
  # A build folder that came from another machine is of no use.
  cmake -S . -B "$build" "${options[@]}" || { rm -rf "$build" && cmake -S . -B "$build" "${options[@]}"; }
}

# compile TARGET: make's own exit status is 2.
compile() { cmake --build "$build" --target "$1" --parallel "$(nproc)" || return 1; }
export build
export -f configure compile
