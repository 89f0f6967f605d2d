#!/usr/bin/env bash
# The verdict over what the jobs of a GitHub run have sent: the hosted machines always, the others if HOSTS_WANTED is true.
#   ci/verdict_of_run.sh RECORDS OUT
set -euo pipefail
cd "$(dirname "$0")/.."
classes=(github-hosted-x86-64 github-hosted-arm64)
if [ "${HOSTS_WANTED:-false}" = true ]; then classes+=(macbook-m2 raspberry-pi-5); fi
export SCALEGATE="$1/records-github-hosted-x86-64/scalegate"
# An artifact doesn't keep the permission to run it.
if [ -f "$SCALEGATE" ]; then chmod +x "$SCALEGATE"; fi
exec ci/verdict.sh "$1" "$2" "${classes[@]}"
