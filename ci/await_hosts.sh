#!/usr/bin/env bash
# Waits for the jobs of this run that measure on self-hosted machines; their names begin with "host ". One that is still in the
# queue after QUEUE_MINUTES (20 if not given) is given up: its machine is offline or busy. One that runs is waited for.
# Writes offline=NAME,… to GITHUB_OUTPUT. Needs gh with a token that may read actions, and the variables of a GitHub run.
set -euo pipefail
if [ "${HOSTS_WANTED:-false}" != true ]; then exit 0; fi
limit_s=$((${QUEUE_MINUTES:-20} * 60))
jobs="repos/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID/attempts/$GITHUB_RUN_ATTEMPT/jobs"
SECONDS=0
while :; do
  open="$(gh api --paginate "$jobs" \
    --jq '.jobs[] | select((.name | startswith("host ")) and .status != "completed") | "\(.status) \(.name)"')"
  if [ -z "$open" ]; then break; fi
  if [ "$SECONDS" -ge "$limit_s" ] && ! grep -q '^in_progress ' <<<"$open"; then break; fi
  echo "after $SECONDS s: $(paste -sd, - <<<"$open")"
  sleep "${POLL_S:-30}"
done
echo "offline=$(cut -d ' ' -f 2- <<<"$open" | paste -sd, -)" | tee -a "${GITHUB_OUTPUT:-/dev/null}"
