#!/usr/bin/env bash
# Measures the cheapest workload for real, fits it and asks for the verdict. Whether noise leaves each series a law, and which
# verdict comes out, is a matter of the machine, so that any is right here but an error.
set -euo pipefail
cd "$(dirname "$0")/.."
record="$(mktemp -d)/run.json"
trap 'rm -rf "$(dirname "$record")"' EXIT

# Builds the binary too, in the same form as for the tests.
cargo bench --locked --no-run
target/release/scalegate run --workload llm/decode --rounds 5 --out "$record"
allow() { # ALLOWED_CODES COMMAND...
  local allowed=" $1 " code=0
  shift
  "$@" || code=$?
  echo "$2 ended with exit code $code"
  [[ "$allowed" == *" $code "* ]]
}
allow "0 3" target/release/scalegate fit "$record"
allow "0 1 3" target/release/scalegate check "$record"
