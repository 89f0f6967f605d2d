#!/usr/bin/env bash
# Compresses the reference model in all ways, measures what that saves and costs, and puts the table into docs/compression.md.
#   ci/compression.sh [WORK]
# WORK keeps models and measurements, and what is there already is not made again: give an empty one after a change of the model.
# Healing needs a Python with models/reference/requirements.txt (PYTHON names it) and the component rust-docs; counts need
# Valgrind. Takes three quarters of an hour on two cores. Leave the machine alone between "measuring times" and
# "measuring counts".
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=ci/lib.sh
source ci/lib.sh
root="$PWD"
model="$root/models/reference"
page=docs/compression.md
python="${PYTHON:-python3}"
need valgrind "install it, for instance with ci/install.sh valgrind"
"$python" -c 'import onnxruntime, torch, transformers' 2>/dev/null ||
  die "$python" "it lacks what healing needs" "make an environment of models/reference/requirements.txt, and name its Python with PYTHON"
mkdir -p "${1:-$(target)/compression}"
work="$(cd "${1:-$(target)/compression}" && pwd)"
keeps=(0.9 0.8 0.7 0.6 0.5 0.4 0.3 0.2)

# Built first, so that nothing is compiled while times are taken.
built="$(cargo bench --locked --no-run --bench llm --bench resources --bench instructions --message-format=json)"
program() { # program NAME: the executable of a bench target
  sed -n 's/.*"kind":\["bench"\],[^}]*"name":"'"$1"'".*"executable":"\([^"]*\)".*/\1/p' <<<"$built"
}
scalegate="$root/$(target)/release/scalegate"
if [[ "$(target)" == /* ]]; then scalegate="$(target)/release/scalegate"; fi

# Half of the text: the intervals are narrow enough, and 32 models have to read it.
head -c 30000 "$model/heldout.txt" >"$work/heldout.txt"
for keep in "${keeps[@]}"; do
  for form in svd mpo calibrated; do
    if [ -d "$work/$form-$keep" ]; then continue; fi
    options=(--method "${form/calibrated/svd}" --keep "$keep" --all)
    if [ "$form" = calibrated ]; then options+=(--calibrate "$model/calibration.txt"); fi
    "$scalegate" compress "$model" --out "$work/$form-$keep" "${options[@]}" >"$work/$form-$keep.txt"
  done
  if [ ! -d "$work/healed-$keep" ]; then
    echo "healing $keep" >&2
    "$python" "$model/heal.py" "$work/calibrated-$keep" --documentation "$(rustc --print sysroot)/share/doc/rust/html" \
      --out "$work/healed-$keep" >"$work/healed-$keep.txt"
  fi
done

echo "measuring accuracies" >&2
# The shell that xargs starts expands what is quoted.
# shellcheck disable=SC2016
for candidate in "$work"/*-0.?; do
  if [ -f "$candidate.json" ]; then continue; fi
  echo "$candidate"
done | xargs -r -P "$(nproc)" -I{} sh -c \
  '"$1" accuracy "$2" "$4" --text "$3/heldout.txt" --format json >"$4.part" && mv "$4.part" "$4.json"' \
  sh "$scalegate" "$model" "$work" {}

# The products of a healed model have the shapes of those that it was healed from: it costs the same, and is not measured.
suite() {
  # The embedded models have to be there; of them nothing is told.
  awk '/^\[measure\]/ { exit } { print }' "$root/suite.toml"
  awk '/^\[instructions\.models/ { here = 1 } /^\[\[instructions/ { exit } here' "$root/suite.toml"
  cat <<'SUITE'
[measure]
rounds = 5
samples = 10
warm_up_ms = 20
measurement_ms = 50

[[workload]]
name = "llm/prefill"
tokens = [32, 64, 128, 192, 255]

[[workload]]
name = "llm/decode"
tokens = [32, 64, 128, 192, 255]

[[instructions.workload]]
name = "llm/prefill"
tokens = [64]

[[instructions.workload]]
name = "llm/decode"
tokens = [64]

[resources]
rounds = 5
window_ms = 400
idle_ms = 150
rate_hz = 20
attempts = 3
others_cores = 0.5

[[resources.workload]]
name = "llm/prefill"
tokens = [255]

[[resources.workload]]
name = "llm/decode"
tokens = [255]
SUITE
  for path in "$model" "$work"/svd-0.? "$work"/mpo-0.? "$work"/calibrated-0.?; do
    printf '\n[[model]]\nname = "%s"\npath = "%s"\nworkloads = ["llm/prefill", "llm/decode"]\ncounted = true\n' "$(basename "$path")" "$path"
  done
}
suite >"$work/suite.toml"
measure() { # measure RECORD TARGET…
  local record="$work/$1.json" name
  if [ -f "$record" ]; then return; fi
  echo "measuring $1" >&2
  rm -f "$record.part"
  for name in "${@:2}"; do
    (cd "$work" && SCALEGATE_OUT="$record.part" "$(program "$name")" --bench) >"$work/log" 2>&1 ||
      { cat "$work/log" >&2; exit 1; }
  done
  mv "$record.part" "$record"
}
measure times llm resources
measure counts instructions

{
  sed '/^<!-- measured -->$/q' "$page"
  echo
  python3 ci/compression.py "$work"
} >"$work/page.md"
cp "$work/page.md" "$page"
