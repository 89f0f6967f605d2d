#!/usr/bin/env bash
# Writes target/comment/comment.md, made by `cargo xtask comment`, on its pull request: one comment, which is updated in place. That the
# run is of this pull request's head, HEAD_SHA, comes from GitHub. Needs gh with a token that may write pull requests.
set -euo pipefail
cd "$(dirname "$0")/../target/comment"
api="repos/$GITHUB_REPOSITORY"
number="$(tr -cd 0-9 <pull_request)"
if [ -z "$number" ]; then echo "the digest names no pull request" >&2 && exit 2; fi
if [ "$(gh api "$api/pulls/$number" --jq .head.sha)" != "$HEAD_SHA" ]; then
  echo "pull request $number has moved on, or the run is not its own; nothing is written"
  exit 0
fi
export MARKER; MARKER="$(head -n 1 comment.md)"
earlier="$(gh api --paginate "$api/issues/$number/comments" \
  --jq '.[] | select(.user.login == "github-actions[bot]" and (.body | startswith(env.MARKER))) | .id' | head -n 1)"
to=(--method POST "$api/issues/$number/comments")
if [ -n "$earlier" ]; then to=(--method PATCH "$api/issues/comments/$earlier"); fi
gh api "${to[@]}" -F "body=@comment.md" --jq .html_url
