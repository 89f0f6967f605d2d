#!/usr/bin/env bash
# The steps of action.yml, in somebody else's repository: installs scalegate from the sources that this file belongs to, by the Rust that
# these ask for; and compares the working directory with BASE.
#   ci/action.sh install|compare
set -euo pipefail
sources="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
place="${RUNNER_TEMP:?set by the runner}/scalegate"
case "${1:-}" in
install)
  version="$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$sources/Cargo.toml")"
  rustup toolchain install "$version" --profile minimal --no-self-update
  cd "$sources"
  cargo "+$version" install --locked --path crates/scalegate --root "$place" --target-dir "$place/target"
  ;;
compare)
  budget=()
  if [ -n "${BUDGET:-}" ]; then budget=(--budget "$BUDGET"); fi
  "$place/bin/scalegate" ci ab "$place/verdict" "${BASE:?a revision}" "${budget[@]}"
  ;;
*)
  echo "ci/action.sh install|compare" >&2
  exit 2
  ;;
esac
