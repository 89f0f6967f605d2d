#!/usr/bin/env bash
# The spread of llm/prefill between processes, with the system's allocator and with mimalloc, in turn: A B B A.
set -euo pipefail
cd "$(dirname "$0")/.."
pairs="${1:-10}"
cargo build --release --locked --example allocator_system --example allocator_mimalloc
examples="${CARGO_TARGET_DIR:-target}/release/examples"
results="$(mktemp)"
trap 'rm -f "$results"' EXIT
for ((pair = 0; pair < pairs; pair++)); do
  for name in system mimalloc mimalloc system; do
    time_ms="$("$examples/allocator_$name")"
    echo "$name $time_ms" >>"$results"
  done
done
for name in system mimalloc; do
  awk -v name="$name" '$1 == name { print $2 }' "$results" | sort -n |
    awk -v name="$name" '{ v[NR] = $1 } END {
      printf "%-8s  %d processes: %.2f to %.2f ms, median %.2f, largest over smallest %.2f\n",
        name, NR, v[1], v[NR], v[int((NR + 1) / 2)], v[NR] / v[1] }'
done
