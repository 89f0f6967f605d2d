#!/usr/bin/env bash
# Registers this machine for one job, waits for it, runs it, and ends; the registration goes with the job.
#   ci/runner/start.sh https://github.com/OWNER/REPOSITORY LABEL < TOKEN
# To be run in the directory where GitHub's runner was unpacked, by a user without other rights, and by a service that starts
# it again with a new registration token. The token comes on standard input, so that no list of processes shows it.
set -euo pipefail
if [ $# -ne 2 ] || [ "$(id -u)" -eq 0 ]; then
  echo "usage, by a user that is not root: ci/runner/start.sh https://github.com/OWNER/REPOSITORY LABEL < TOKEN" >&2
  exit 2
fi
hooks="$(cd "$(dirname "$0")" && pwd)"
read -r token
ACTIONS_RUNNER_INPUT_TOKEN="$token" ./config.sh --unattended --ephemeral --replace \
  --url "$1" --labels "$2" --name "$2-$(hostname)"
unset token
export ACTIONS_RUNNER_HOOK_JOB_STARTED="$hooks/job_started.sh"
export ACTIONS_RUNNER_HOOK_JOB_COMPLETED="$hooks/job_completed.sh"
exec ./run.sh
