#!/usr/bin/env bash
# Measures the reference model compressed in all ways, and puts the table into docs/compression.md.
set -euo pipefail
cd "$(dirname "$0")/.."

model=models/reference
page=docs/compression.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Half of the text: the intervals are narrow enough, and 25 models have to read it.
head -c 30000 "$model/heldout.txt" >"$work/heldout.txt"
# Built first, so that nothing is compiled while times are taken.
cargo build --release --quiet --example compression
target/release/examples/compression \
    "$model" "$work/heldout.txt" "$model/calibration.txt" "$work" --all >"$work/table.md"
{
    sed '/^<!-- measured -->$/q' "$page"
    echo
    echo "Measured on $(sed -n 's/^model name[^:]*: //p;T;q' /proc/cpuinfo 2>/dev/null || uname -m), $(nproc) cores, $(rustc --version | cut -d' ' -f1,2)."
    echo
    cat "$work/table.md"
} >"$work/page.md"
mv "$work/page.md" "$page"
