#!/usr/bin/env bash
# Plays the road of a pull request with the cheapest workload, once with a change that does nothing and once with one that
# loses the KV cache: the first has to pass, the second to fail with a comment that says what grew.
set -euo pipefail
cd "$(dirname "$0")/.."
export ONLY=llm/decode
log="$(mktemp)"
trap 'rm -f "$log"' EXIT
wrong=0

play() { # play CODE WORDS ARGUMENTS…
  local wanted="$1" words="$2" code=0
  shift 2
  ci/scaling.sh "$@" >"$log" 2>&1 || code=$?
  if [ "$code" -ne "$wanted" ] || ! grep -q -- "$words" "${CARGO_TARGET_DIR:-target}/scaling/comment.md"; then
    cat "$log"
    echo "WRONG  ci/scaling.sh $*: exit code $code, wanted $wanted and a comment with: $words"
    wrong=1
    return
  fi
  echo "right  ci/scaling.sh $*: exit code $code; the comment says"
  sed 's/^/       /' "${CARGO_TARGET_DIR:-target}/scaling/comment.md"
}

play 0 '^## scalegate: pass' HEAD HEAD
play 1 'regressed.*llm/decode.*instructions' --suite 'kv_cache = true' 'kv_cache = false'
exit "$wrong"
