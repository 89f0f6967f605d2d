#!/usr/bin/env bash
# One verdict over the records of all hosts.
#   ci/verdict.sh RECORDS OUT [CLASS…]
# RECORDS has a directory for each host: run.json, and in base-counts/ the counts and perplexities of the base as
# baselines, if it made any.
# OUT gets check.json, summary.md and digest.json (for ci/comment.py). CLASSes are host classes without whose record the
# verdict is inconclusive. Ends as `scalegate check` does.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=ci/lib.sh
source ci/lib.sh
if [ $# -lt 2 ]; then die "ci/verdict.sh" "two arguments are needed" "give the directory of the records and an output"; fi
records="$1" out="$2"
shift 2
scalegate="${SCALEGATE:-$(target)/release/scalegate}"
mkdir -p "$out"

fault() {
  printf '## scalegate: inconclusive\n\n%s\n' "$1" >"$out/summary.md"
  python3 ci/digest.py --fault "$1" >"$out/digest.json"
  if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then cat "$out/summary.md" >>"$GITHUB_STEP_SUMMARY"; fi
  echo "$1"
  exit "$2"
}

shopt -s nullglob
runs=("$records"/*/run.json)
if [ ${#runs[@]} -eq 0 ]; then fault "No host has sent a record. See why in the jobs before this one." 3; fi
if [ ! -x "$scalegate" ]; then fault "There is no scalegate at $scalegate; it comes with ci/counts.sh." 3; fi

# Committed counts come first: against those of the base alone, many small regressions would each be within tolerance.
rm -rf "$out/baselines"
if [ -d "${BASELINES:=baselines}" ]; then cp -R "$BASELINES" "$out/baselines"; fi
for key in "$records"/*/base-counts/portable/*/; do
  name="$(basename "$key")"
  if [ -d "$BASELINES/portable/$name" ]; then continue; fi
  mkdir -p "$out/baselines/portable"
  cp -R "$key" "$out/baselines/portable/$name"
done

for file in "$records"/*/base-counts/portable/*.json; do
  name="$(basename "$file")"
  if [ -f "$BASELINES/portable/$name" ]; then continue; fi
  mkdir -p "$out/baselines/portable"
  cp "$file" "$out/baselines/portable/$name"
done

# Bash 3, which macOS has, takes an empty list for an unset variable; hence the form below.
expected=()
for class in "$@"; do expected+=(--expect "$class"); done
check() { "$scalegate" check "${runs[@]}" ${expected[@]+"${expected[@]}"} --baseline "$out/baselines" --format "$1"; }
code=0
check json >"$out/check.json" 2>"$out/messages" || code=$?
case "$code" in
  0 | 1 | 3) ;;
  *) fault "The records could not be compared: $(cat "$out/messages")" "$code" ;;
esac
check text || true
check markdown >"$out/summary.md" || true
if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then cat "$out/summary.md" >>"$GITHUB_STEP_SUMMARY"; fi
python3 ci/digest.py "$out/check.json" >"$out/digest.json"
exit "$code"
