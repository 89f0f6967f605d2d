#!/usr/bin/env bash
# Measures the reference model compressed in all ways, and puts the tables into docs/compression.md.
set -euo pipefail
cd "$(dirname "$0")/.."

model=models/reference
page=docs/compression.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Half of the text: the intervals are narrow enough, and 50 models have to read it.
head -c 30000 "$model/heldout.txt" >"$work/heldout.txt"
# Built once, so that nothing is compiled while times are taken.
cargo build --release --quiet --example compression

table() {
    target/release/examples/compression \
        "$model" "$work/heldout.txt" "$model/calibration.txt" "$work/$1" "${@:2}" >"$work/$1.md"
}

table middle
table all --all
{
    sed '/^<!-- measured -->$/q' "$page"
    echo
    echo "Measured on $(sed -n 's/^model name[^:]*: //p;T;q' /proc/cpuinfo 2>/dev/null || uname -m), $(nproc) cores, $(rustc --version | cut -d' ' -f1,2)."
    echo
    echo "### The three layers in the middle (the default)"
    echo
    cat "$work/middle.md"
    echo
    echo "### All layers (\`--all\`); the embedding is shared with the product with the vocabulary and stays"
    echo
    cat "$work/all.md"
} >"$work/page.md"
mv "$work/page.md" "$page"
