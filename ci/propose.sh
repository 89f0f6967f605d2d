#!/usr/bin/env bash
# Opens a pull request with baselines and noise as another job of this run has left them in target/proposal, where baseline.md
# says why. Needs gh with a token that may write contents and pull requests.
set -euo pipefail
cd "$(dirname "$0")/.."
# Documents and tables, and nothing else that the artifact may hold.
mkdir -p noise
(cd target/proposal && find . \( -path './baselines/*.json' -o -path './noise/*.csv' \) -type f -exec cp --parents {} ../.. \;)
git add --all baselines noise
if git diff --cached --quiet; then echo "nothing changed" && exit 0; fi
branch="baseline/$(date -u +%Y-%m-%d-%H%M)"
git config user.name "github-actions[bot]"
git config user.email "41898282+github-actions[bot]@users.noreply.github.com"
git checkout -q -b "$branch"
{ printf "New baselines\n\n"; head -c 20000 target/proposal/target/baseline.md; } | git commit -q -F -
gh auth setup-git
git push -q origin "$branch"
# A comment of GitHub holds 65,536 characters.
head -c 60000 target/proposal/target/baseline.md >target/body.md
gh pr create --head "$branch" --title "New baselines of $(date -u +%F)" --body-file target/body.md
