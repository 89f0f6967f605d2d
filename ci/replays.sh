#!/usr/bin/env bash
# Does the gate call changes of preprocessing by their names? Replays five that inference engines have shipped, as settings of a
# preprocessor: measures `vlm/preprocess` before and after each, by wall time and by counted instructions, and checks the second
# record against the first.
#     ci/replays.sh [WORK]      records go to WORK, target/replays by default; those that are there are not taken again
# Prints the table of docs/preprocess.md. Takes a quarter of an hour of a quiet machine. Needs Valgrind.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=ci/lib.sh
source ci/lib.sh
need valgrind "install it, for instance with ci/install.sh valgrind"
root="$PWD"
mkdir -p "${1:-$(target)/replays}"
work="$(cd "${1:-$(target)/replays}" && pwd)"

built="$(cargo bench --locked --no-run --bench vlm --bench instructions --message-format=json)"
program() { # program NAME: the executable of a bench target
  sed -n 's/.*"kind":\["bench"\],[^}]*"name":"'"$1"'".*"executable":"\([^"]*\)".*/\1/p' <<<"$built"
}
scalegate="$root/$(target)/release/scalegate"
if [[ "$(target)" == /* ]]; then scalegate="$(target)/release/scalegate"; fi

sizes='"364x280", "532x392", "672x504", "812x616", "924x700", "1092x840", "1288x980", "1540x1148", "1848x1400", "2184x1652", "2604x1960", "3080x2324"'

# An image token of Qwen2-VL is 28 × 28 pixels. What allows more pixels than any picture here has is no bound.
qwen() { printf '{"image_processor_type": "Qwen2VLImageProcessor", "min_pixels": 3136, "max_pixels": %d}' "$(($1 * 784))"; }
longest() { printf '{"image_processor_type": "PixtralImageProcessor", "size": {"longest_edge": %d}, "patch_size": 14}' "$1"; }

before() {
  case "$1" in
    hard-cap) qwen 16384 ;;
    longest-side) longest 4096 ;;
    bounds-for-longest-side) longest 1024 ;;
    more-tokens) qwen 1024 ;;
    no-cap) qwen 1024 ;;
  esac
}
after() {
  case "$1" in
    hard-cap) qwen 1280 ;;
    longest-side) longest 1024 ;;
    bounds-for-longest-side) qwen 1280 ;;
    more-tokens) qwen 4096 ;;
    no-cap) qwen 16384 ;;
  esac
}

suite() {
  # The embedded models have to be there; nothing of them is measured.
  awk '/^\[measure\]/ { exit } { print }' suite.toml
  awk '/^\[instructions\.models/ { here = 1 } /^\[\[instructions/ { exit } here' suite.toml
  cat <<SUITE
[measure]
rounds = 10
samples = 10
warm_up_ms = 20
measurement_ms = 100

[[workload]]
name = "vlm/preprocess"
resolutions = [$sizes]

[[instructions.workload]]
name = "vlm/preprocess"
resolutions = [$sizes]

[gate]
required = ["wall_time", "instructions"]

[[model]]
name = "engine"
path = "model"
workloads = ["vlm/preprocess"]
counted = true
SUITE
}

measure() { # measure RECORD CONFIGURATION
  if [ -f "$1" ]; then return; fi
  echo "measuring $(basename "$1" .json)" >&2
  mkdir -p "$work/model"
  printf '%s\n' "$2" >"$work/model/preprocessor_config.json"
  rm -f "$1.part"
  local name
  for name in vlm instructions; do
    (cd "$work" && SCALEGATE_OUT="$1.part" SCALEGATE_WORKLOADS=engine/vlm/preprocess "$(program "$name")" --bench) \
      >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
  done
  mv "$1.part" "$1"
}

suite >"$work/suite.toml"
for replay in hard-cap longest-side bounds-for-longest-side more-tokens no-cap; do
  measure "$work/$replay.before.json" "$(before "$replay")"
  measure "$work/$replay.after.json" "$(after "$replay")"
  (
    cd "$work"
    rm -rf "$replay.baselines"
    "$scalegate" accept "$replay.before.json" --baseline "$replay.baselines" --reason "before the change" >log 2>&1
    "$scalegate" check "$replay.after.json" --baseline "$replay.baselines" --format json >"$replay.check.json" || test $? -ne 2
  )
done
python3 ci/replays.py "$work"
