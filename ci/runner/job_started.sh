#!/usr/bin/env bash
# Refuses jobs that were caused from outside the repository. Lies on the runner's machine, outside of any checkout, and is
# named there as ACTIONS_RUNNER_HOOK_JOB_STARTED: what a pull request writes into a workflow can't change it.
set -euo pipefail
refuse() {
  echo "this machine does not run it: $1" >&2
  exit 1
}
case "${GITHUB_EVENT_NAME:-}" in
  push | schedule | workflow_dispatch) ;; # Only those who may write to the repository cause these.
  pull_request)
    head="$(python3 -c '
import json, sys
repo = json.load(open(sys.argv[1]))["pull_request"]["head"]["repo"]
print(repo["full_name"] if repo else "a repository that is gone")' "${GITHUB_EVENT_PATH:?}")"
    if [ "$head" != "${GITHUB_REPOSITORY:?}" ]; then refuse "a pull request from $head"; fi
    ;;
  *) refuse "the event ${GITHUB_EVENT_NAME:-that is not told}" ;;
esac
