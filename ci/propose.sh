#!/usr/bin/env bash
# Opens a pull request with what ci/baseline.sh changed. Needs gh with a token that may write contents and pull requests.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -z "$(git status --porcelain baselines noise)" ]; then
  echo "nothing changed"
  exit 0
fi
branch="baseline/$(date -u +%Y-%m-%d-%H%M)"
git config user.name "github-actions[bot]"
git config user.email "41898282+github-actions[bot]@users.noreply.github.com"
git checkout -q -b "$branch"
git add baselines noise
{ printf "New baselines\n\n"; head -c 20000 target/baseline.md; } | git commit -q -F -
gh auth setup-git
git push -q origin "$branch"
# A comment of GitHub holds 65,536 characters.
head -c 60000 target/baseline.md >target/baseline.short.md
gh pr create --head "$branch" --title "New baselines of $(date -u +%F)" --body-file target/baseline.short.md
