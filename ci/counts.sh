#!/usr/bin/env bash
# Counts instructions and heap allocations of a change and, in the same environment, of its base, and takes the perplexity of both.
#   ci/counts.sh OUT BASE [CHANGE]      commits; CHANGE is HEAD if not given
# OUT gets run.json, base-counts/ with the counts of the base as baselines, and scalegate, as the change builds it.
# Commits are those of REPOSITORY, this one if not given. Needs Valgrind. Build nothing else meanwhile.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=ci/lib.sh
source ci/lib.sh
if [ $# -lt 2 ]; then die "ci/counts.sh" "two arguments are needed" "give an output directory and the base commit"; fi
need valgrind "install it, for instance with ci/install.sh valgrind"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}"
mkdir -p "$1"
out="$(cd "$1" && pwd)"
repository="${REPOSITORY:-$PWD}"
tree="$(checkout_place)"
log="$out/log"

echo "counting the base, $2" >&2
checkout "$repository" "$2"
count "$tree" "$out/base.json" "$log"
rm -rf "$out/base-counts"
(cd "$tree" && "$CARGO_TARGET_DIR/release/scalegate" accept "$out/base.json" --baseline "$out/base-counts" \
  --metric instructions --metric heap_bytes --metric perplexity --reason "counts of the base") 2>"$log"

echo "counting the change, ${3:-HEAD}" >&2
checkout "$repository" "${3:-HEAD}"
rm -f "$out/run.json"
count "$tree" "$out/run.json" "$log"
cp "$CARGO_TARGET_DIR/release/scalegate" "$out/scalegate"
