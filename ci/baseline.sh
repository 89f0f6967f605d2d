#!/usr/bin/env bash
# Makes records of the main branch the baselines of their hosts, and keeps what two runs of one host differ by.
#   ci/baseline.sh RECORDS
# RECORDS has a directory for each host, as for ci/verdict.sh; again.json in it is a second run of the same code. REASON is
# kept with the baselines. Changes baselines/ and noise/; writes what changed to target/baseline.md.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=ci/lib.sh
source ci/lib.sh
if [ $# -lt 1 ]; then die "ci/baseline.sh" "an argument is missing" "name the directory of the records"; fi
records="$1"
scalegate="${SCALEGATE:-$records/records-github-hosted-x86-64/scalegate}"
if [ ! -f "$scalegate" ]; then die "$scalegate" "no such program" "it comes with ci/counts.sh; or set SCALEGATE"; fi
chmod +x "$scalegate"
reason="${REASON:-weekly run of the main branch}"
date="$(date -u +%F)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
mkdir -p target noise

checked() { # checked OUT ARGUMENTS…: any verdict is right here, and an error is not.
  local out="$1" code=0
  shift
  "$scalegate" check "$@" >"$out" || code=$?
  case "$code" in 0 | 1 | 3) ;; *) exit "$code" ;; esac
}

shopt -s nullglob
runs=("$records"/*/run.json)
if [ ${#runs[@]} -eq 0 ]; then die "$records" "there is no record in it" "see why the jobs before this one sent none"; fi
printf 'Reason: %s\n\nWhat changed since the last baselines:\n\n' "$reason" >target/baseline.md
checked "$work/since.txt" "${runs[@]}"
sed 's/^/    /' "$work/since.txt" >>target/baseline.md

for run in "${runs[@]}"; do
  "$scalegate" accept "$run" --reason "$reason"
  again="$(dirname "$run")/again.json"
  if [ ! -f "$again" ]; then continue; fi
  rm -rf "$work/first"
  "$scalegate" accept "$run" --baseline "$work/first" --reason "the first of two runs" 2>/dev/null
  checked "$work/noise.json" "$again" --baseline "$work/first" --format json
  host="$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["provenance"]["host"]["class"])' "$run")"
  if [ ! -f "noise/$host.csv" ]; then
    echo "date,host,workload,metric,scope,quantity,outcome,change,lower,upper" >"noise/$host.csv"
  fi
  python3 ci/noise.py "$work/noise.json" "$date" >>"noise/$host.csv"
done
