#!/usr/bin/env bash
# Does the gate call changes of preprocessing by their names? Replays five that inference engines have shipped, as settings of a
# preprocessor: measures the model of ci/replays/ before and after each, preprocessing and encoding by wall time and
# preprocessing by counted instructions too, and checks the second record against the first.
#     ci/replays.sh [WORK]      records go to WORK, target/replays by default; those that are there are not taken again
# Prints the table of docs/preprocess.md. Takes half an hour of a quiet machine. Needs Valgrind.
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

# As cameras and screens have them. None is a whole number of tokens, so that every image is resized; one that needs no resizing
# costs a third less, and would put a jump where the clamp is.
pictures='"320x240", "512x384", "640x480", "800x600", "960x720", "1024x768", "1280x960", "1600x1200", "1920x1440", "2304x1728", "2592x1944", "3072x2304"'
# Whole numbers of tokens, so that rounding to them does not hide what the encoder's cost depends on.
grids='"364x280", "532x392", "672x504", "812x616", "924x700", "1092x840", "1288x980", "1540x1148", "1848x1400", "2184x1652", "2604x1960", "3080x2324"'

# An image token of Qwen2-VL is 28 × 28 pixels. What allows more pixels than any picture here has is no bound.
qwen() { printf '{"image_processor_type": "Qwen2VLImageProcessor", "min_pixels": 3136, "max_pixels": %d}' "$(($1 * 784))"; }
longest() { printf '{"image_processor_type": "PixtralImageProcessor", "size": {"longest_edge": %d}, "patch_size": 14}' "$1"; }

settings() { # settings REPLAY before|after
  case "$1.$2" in
    hard-cap.before) qwen 16384 ;;
    hard-cap.after) qwen 1280 ;;
    longest-side.before) longest 4096 ;;
    longest-side.after) longest 1024 ;;
    bounds-for-longest-side.before) longest 1024 ;;
    bounds-for-longest-side.after) qwen 1280 ;;
    more-tokens.before) qwen 1024 ;;
    more-tokens.after) qwen 4096 ;;
    no-cap.before) qwen 1024 ;;
    no-cap.after) qwen 16384 ;;
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
resolutions = [$pictures]

[[workload]]
name = "vlm/encode"
resolutions = [$grids]

[[instructions.workload]]
name = "vlm/preprocess"
resolutions = [$pictures]

[gate]
required = ["wall_time", "instructions"]

[[model]]
name = "engine"
path = "model"
workloads = ["vlm/preprocess", "vlm/encode"]
counted = true
SUITE
}

measure() { # measure REPLAY before|after
  local record="$1.$2.json" configuration name
  configuration="$(settings "$1" "$2")"
  if [ -f "$work/$record" ]; then return; fi
  echo "measuring $1, $2" >&2
  mkdir -p "$work/model"
  printf '%s\n' "$configuration" >"$work/model/preprocessor_config.json"
  case "$configuration" in
    *Pixtral*) cp ci/replays/images.onnx "$work/model/model.onnx" ;;
    *) cp ci/replays/patches.onnx "$work/model/model.onnx" ;;
  esac
  rm -f "$work/$record.part"
  for name in vlm instructions; do
    (
      cd "$work"
      SCALEGATE_OUT="$record.part" SCALEGATE_WORKLOADS=engine/vlm/preprocess,engine/vlm/encode "$(program "$name")" --bench
    ) >"$work/log" 2>&1 || {
      cat "$work/log" >&2
      die "$record" "it could not be measured" "read the messages above"
    }
  done
  mv "$work/$record.part" "$work/$record"
}

suite >"$work/suite.toml"
for replay in hard-cap longest-side bounds-for-longest-side more-tokens no-cap; do
  measure "$replay" before
  measure "$replay" after
  (
    cd "$work"
    rm -rf "$replay.baselines"
    "$scalegate" accept "$replay.before.json" --baseline "$replay.baselines" --reason "before the change" >log 2>&1
    "$scalegate" check "$replay.after.json" --baseline "$replay.baselines" --format json >"$replay.check.json" || test $? -ne 2
  )
done
python3 ci/replays_table.py "$work"
