#!/usr/bin/env bash
# Installs what is missing: Debian packages by the names of their programs, and after `rust` the minimum Rust of Cargo.toml, or
# RUST=stable. On a runner, later steps use that one too.
#   ci/install.sh [rust] PROGRAM…
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "${1:-}" = rust ]; then
  shift
  version="${RUST:-minimum}"
  if [ "$version" = minimum ]; then version="$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)"; fi
  rustup toolchain install "$version" --profile minimal --component clippy,rustfmt --no-self-update
  echo "RUSTUP_TOOLCHAIN=$version" >>"${GITHUB_ENV:-/dev/null}"
fi
missing=()
for program in "$@"; do command -v "$program" >/dev/null || missing+=("$program"); done
if [ ${#missing[@]} -eq 0 ]; then exit 0; fi
command -v apt-get >/dev/null || { echo "${missing[*]}: not on PATH; install it, this script knows apt-get alone" >&2; exit 2; }
as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }
as_root apt-get update -q
as_root apt-get install -q -y --no-install-recommends "${missing[@]}"
