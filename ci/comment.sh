#!/usr/bin/env bash
# Writes the verdict of the run RUN_ID on its pull request: one comment, which is updated in place. Needs gh with a token
# that may read actions and write pull requests, and HEAD_SHA, the commit that GitHub says the run is of.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=ci/lib.sh
source ci/lib.sh
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
api="repos/$GITHUB_REPOSITORY"

# The size is looked at before anything is unpacked, and one file by name is all that is read.
artifact="$(gh api "$api/actions/runs/$RUN_ID/artifacts?name=digest" \
  --jq '[.artifacts[] | select(.expired | not)] | max_by(.created_at) | select(. != null) | "\(.id) \(.size_in_bytes)"')"
if [ -z "$artifact" ]; then
  echo "the run has left no digest; there is nothing to say"
  exit 0
fi
read -r id bytes <<<"$artifact"
if [ "$bytes" -gt 65536 ]; then die "the digest" "its artifact has $bytes bytes" "nothing is written; look at the run"; fi
gh api "$api/actions/artifacts/$id/zip" >"$work/digest.zip"
python3 - "$work/digest.zip" >"$work/digest.json" <<'PYTHON'
import sys, zipfile
# No more than shows that it is too large: what is packed may be small and unpack to anything.
with zipfile.ZipFile(sys.argv[1]) as archive, archive.open("digest.json") as file:
    sys.stdout.buffer.write(file.read(65537))
PYTHON
python3 ci/comment.py "$work/digest.json" >"$work/comment.md"
number="$(python3 ci/comment.py "$work/digest.json" --field pull_request)"

# The number comes from the artifact; that the run is of this pull request's head comes from GitHub.
if [ -z "$number" ]; then die "the digest" "it names no pull request" "nothing is written"; fi
head="$(gh api "$api/pulls/$number" --jq .head.sha)"
if [ "$head" != "$HEAD_SHA" ]; then
  echo "pull request $number has moved on, or the run is not its own; nothing is written"
  exit 0
fi

marker="$(head -n 1 "$work/comment.md")"
earlier="$(MARKER="$marker" gh api --paginate "$api/issues/$number/comments" \
  --jq '.[] | select(.user.login == "github-actions[bot]" and (.body | startswith(env.MARKER))) | .id' | head -n 1)"
if [ -n "$earlier" ]; then
  gh api --method PATCH "$api/issues/comments/$earlier" -F "body=@$work/comment.md" --jq .html_url
else
  gh api --method POST "$api/issues/$number/comments" -F "body=@$work/comment.md" --jq .html_url
fi
