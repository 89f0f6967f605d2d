#!/usr/bin/env bash
# Records A/A runs for the choice of the statistic that stands for a size: unchanged code, 5 rounds of two workloads at four
# sizes each, on a quiet machine or with a busy process on every other core.
#
#     ci/estimator.sh DIRECTORY RUNS [loaded]
#     cargo run --release --example estimator -- DIRECTORY/*.json
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p "$1"
directory="$(cd "$1" && pwd)"
runs="$2"
load="${3:-quiet}"

programs="$(cargo bench --locked --no-run --bench llm --bench vlm --message-format=json |
  sed -n 's/.*"kind":\["bench"\].*"executable":"\([^"]*\)".*/\1/p')"

place="$(mktemp -d)"
busy=()
trap 'if [ "${#busy[@]}" -gt 0 ]; then kill "${busy[@]}"; fi; rm -rf "$place"' EXIT
awk '/^\[measure\]/ { exit } { print }' suite.toml >"$place/suite.toml"
cat >>"$place/suite.toml" <<'SUITE'
[measure]
rounds = 5
samples = 10
warm_up_ms = 20
measurement_ms = 100

[[workload]]
name = "llm/prefill"
tokens = [16, 64, 128, 256]

[[workload]]
name = "vlm/encode"
resolutions = ["112x84", "224x168", "308x224", "364x280"]
SUITE
cd "$place"

if [ "$load" = loaded ]; then
  for _ in $(seq 2 "$(nproc)"); do
    sha256sum /dev/zero &
    busy+=("$!")
  done
fi
for run in $(seq "$runs"); do
  for program in $programs; do
    SCALEGATE_OUT="$directory/$load-$(printf '%02d' "$run").json" "$program" --bench >/dev/null 2>"$place/messages" ||
      { cat "$place/messages" >&2; exit 1; }
  done
  echo "$load $run of $runs" >&2
done
