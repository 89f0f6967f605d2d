#!/usr/bin/env bash
# Would the checkers find anything? Plants one fault after another into a copy of workflows and scripts, and expects the
# checker that it is for to fail on it, with the words that name it; a copy without a fault has to pass.
# What stands in single quotes is text to be planted or to be found.
# shellcheck disable=SC2016
set -euo pipefail
cd "$(dirname "$0")/.."
root="$PWD"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
wrong=0

fresh() {
  rm -rf "$work/tree"
  mkdir -p "$work/tree/.github"
  cp -R .github/workflows "$work/tree/.github/workflows"
  cp -R ci .ci "$work/tree/"
}

expect() { # expect CHECKER WORDS FILE SED-SCRIPT
  fresh
  local file="$work/tree/$3"
  sed -i.before "$4" "$file"
  if cmp -s "$file" "$file.before"; then
    echo "WRONG    $1: the fault could not be planted into $3 ($4)"
    wrong=1
    return
  fi
  rm "$file.before"
  if "$root/ci/check_workflows.sh" "$work/tree" "$1" >"$work/log" 2>&1; then
    echo "WRONG    $1 passes: $2"
    wrong=1
  elif ! grep -q -- "$2" "$work/log"; then
    echo "WRONG    $1 fails, and not because of: $2"
    sed 's/^/    /' "$work/log"
    wrong=1
  else
    echo "caught   $1: $2"
  fi
}

fresh
"$root/ci/check_workflows.sh" "$work/tree"
workflow=.github/workflows/scaling.yml
expect zizmor unpinned-uses $workflow 's/actions\/checkout@[0-9a-f]*/actions\/checkout@v7/'
expect zizmor excessive-permissions $workflow '/^permissions: {}$/d'
expect zizmor artipacked $workflow 's/persist-credentials: false/persist-credentials: true/'
expect zizmor template-injection $workflow 's/run: ci\/await_hosts.sh/run: echo "${{ github.event.pull_request.title }}"/'
expect zizmor dangerous-triggers $workflow 's/^  pull_request:$/  pull_request_target:/'
expect schema timeout-minutes $workflow 's/timeout-minutes: 180/timeout-minutes: soon/'
expect actionlint 'property "counts" is not defined' $workflow 's/needs: counts$/needs: nothing/;s/needs\.verdict\./needs.counts./'
expect policy 'no `permissions: {}` at the top' $workflow '/^permissions: {}$/d'
expect policy 'no permissions block of its own' $workflow '/^  hosts:$/,/steps:/{/permissions:/d;/contents: read/d;}'
expect policy 'code from a fork can reach a self-hosted runner' $workflow 's/ && github.event.pull_request.head.repo.full_name == github.repository$//'
expect policy 'code from a fork can reach a self-hosted runner' $workflow 's/runner: ubuntu-24.04,/runner: pi5,/'
expect policy 'writes to pull requests beside code' $workflow 's/actions: write.*/pull-requests: write/'
expect policy 'is not one script of ci/' $workflow 's/run: ci\/cancel_run.sh/run: gh run cancel/'
expect policy 'no timeout-minutes' $workflow '/timeout-minutes/d'
expect policy 'pull_request_target runs' $workflow 's/^  pull_request:$/  pull_request_target:/'
expect shellcheck SC2086 ci/verdict.sh 's/cp -R "\$key"/cp -R $key/'
exit "$wrong"
