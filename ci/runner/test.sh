#!/usr/bin/env bash
# Do the hooks refuse what they should, and remove no more than they should?
set -euo pipefail
cd "$(dirname "$0")"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
wrong=0

expect() { # expect CODE EVENT HEAD
  local code=0
  printf '{"pull_request": {"head": {"repo": %s}}}' "$3" >"$work/event.json"
  GITHUB_EVENT_NAME="$2" GITHUB_EVENT_PATH="$work/event.json" GITHUB_REPOSITORY=owner/name ./job_started.sh \
    2>"$work/log" || code=$?
  if [ "$code" -ne "$1" ]; then
    echo "WRONG  $2 of $3: exit code $code, wanted $1"
    wrong=1
  fi
}
expect 0 push null
expect 0 workflow_dispatch null
expect 0 pull_request '{"full_name": "owner/name"}'
expect 1 pull_request '{"full_name": "stranger/name"}'
expect 1 pull_request null
expect 1 pull_request_target '{"full_name": "owner/name"}'
expect 1 issue_comment null
expect 1 "" null

mkdir -p "$work/_work/name/name/target" "$work/home/target" "$work/temp"
touch "$work/_work/name/name/target/file" "$work/home/target/file" "$work/temp/file"
GITHUB_WORKSPACE="$work/_work/name/name" RUNNER_TEMP="$work/temp" ./job_completed.sh >"$work/log"
if [ -e "$work/_work/name/name/target" ] || [ -e "$work/temp/file" ]; then echo "WRONG  a job left files" && wrong=1; fi
if GITHUB_WORKSPACE="$work/home" ./job_completed.sh >"$work/log" 2>&1 || [ ! -e "$work/home/target/file" ]; then
  echo "WRONG  a directory that is no workspace was emptied"
  wrong=1
fi
if [ "$wrong" -eq 0 ]; then echo "the hooks refuse and remove what they should"; fi
exit "$wrong"
