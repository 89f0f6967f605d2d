#!/usr/bin/env bash
# Measures times and resources on a machine that is kept for it.
#   ci/host.sh OUT [again]
# OUT gets run.json and doctor.txt; with `again` the same code is measured twice, and again.json is the second record.
# What `scalegate doctor` finds unusable is not measured; and if it finds that afterwards, what was measured is not kept.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=ci/lib.sh
source ci/lib.sh
if [ $# -lt 1 ]; then die "ci/host.sh" "an argument is missing" "name an output directory"; fi
mkdir -p "$1"
out="$(cd "$1" && pwd)"
rm -f "$out"/run.json "$out"/again.json
cargo bench --locked --no-run
look() { "$(target)/release/scalegate" doctor | tee -a "$out/doctor.txt"; }
rm -f "$out/doctor.txt"
look
records=(run)
if [ "${2:-}" = again ]; then records+=(again); fi
for record in "${records[@]}"; do
  SCALEGATE_OUT="$out/$record.json" cargo bench --locked --bench llm --bench vlm --bench resources
done
code=0
look || code=$?
if [ "$code" -ne 0 ]; then rm -f "$out"/run.json "$out"/again.json; fi
exit "$code"
