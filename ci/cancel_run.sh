#!/usr/bin/env bash
# Ends this GitHub run, in which nothing is left but jobs that wait for a machine. Needs gh with a token that may write
# actions.
set -euo pipefail
gh api --method POST "repos/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID/cancel"
