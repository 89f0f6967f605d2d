#!/usr/bin/env bash
# Waits for the jobs of this run that measure on self-hosted machines; their names begin with "host ". A job that is still
# in the queue after QUEUE_MINUTES (20 if not given) is given up: its machine is offline or busy, and the verdict will say
# so. A job that runs is waited for; its own time limit ends it. Writes offline=NAME,… to GITHUB_OUTPUT.
# Needs gh with a token that may read actions, and the variables of a GitHub run.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "${HOSTS_WANTED:-false}" != true ]; then
  echo "no host is asked for"
  exit 0
fi
limit_s=$((${QUEUE_MINUTES:-20} * 60))
jobs="repos/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID/attempts/$GITHUB_RUN_ATTEMPT/jobs"
SECONDS=0
while :; do
  open="$(gh api --paginate "$jobs" \
    --jq '.jobs[] | select((.name | startswith("host ")) and .status != "completed") | "\(.status) \(.name)"')"
  running="$(grep -c '^in_progress ' <<<"$open" || true)"
  if [ -z "$open" ]; then break; fi
  if [ "$running" -eq 0 ] && [ "$SECONDS" -ge "$limit_s" ]; then break; fi
  echo "after $SECONDS s: $(paste -sd, - <<<"$open")"
  sleep "${POLL_S:-30}"
done
offline="$(cut -d ' ' -f 2- <<<"$open" | paste -sd, -)"
if [ -n "$offline" ]; then echo "in the queue for $SECONDS s, and given up: $offline"; fi
echo "offline=$offline" >>"${GITHUB_OUTPUT:-/dev/null}"
