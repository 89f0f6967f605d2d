#!/usr/bin/env bash
# How well counts repeat on this machine: runs the counting targets, half of the times beside a loop that keeps one core
# busy, and prints the range of the counts of every workload.
#   ci/repeatability.sh [RUNS]      10 by default
set -euo pipefail
cd "$(dirname "$0")/.."
runs="${1:-10}"
cargo bench --locked --no-run
cargo build --release --locked --example repeatability
records="$(mktemp -d)"
load=""
trap 'rm -rf "$records"; if [ -n "$load" ]; then kill "$load"; fi' EXIT
for ((run = 0; run < runs; run++)); do
  if ((run == (runs + 1) / 2)); then
    (while :; do :; done) &
    load=$!
    echo "from here on beside a busy loop" >&2
  fi
  SCALEGATE_OUT="$records/$run.json" cargo bench --locked --bench instructions --bench heap >"$records/log" 2>&1 || {
    cat "$records/log" >&2
    exit 1
  }
  echo "run $((run + 1)) of $runs" >&2
done
"${CARGO_TARGET_DIR:-target}/release/examples/repeatability" "$records"/*.json
