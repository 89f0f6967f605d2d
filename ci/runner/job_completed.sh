#!/usr/bin/env bash
# Leaves nothing of a job behind: the checkout with all that it built, and what it left in the runner's temporary
# directory. Named as ACTIONS_RUNNER_HOOK_JOB_COMPLETED on the runner's machine.
set -euo pipefail
workspace="${GITHUB_WORKSPACE:?}"
case "$workspace" in
  */_work/*) ;; # Where a runner puts checkouts; nothing else is removed, whatever the variable says.
  *)
    echo "$workspace: not the workspace of a runner" >&2
    exit 1
    ;;
esac
find "$workspace" -mindepth 1 -delete
if [ -d "${RUNNER_TEMP:-}" ]; then find "$RUNNER_TEMP" -mindepth 1 -user "$(id -u)" -delete 2>/dev/null || true; fi
df -h "$workspace"
