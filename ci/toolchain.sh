#!/usr/bin/env bash
# Installs the Rust that the tests are to run with: by default the minimum version that Cargo.toml promises.
# RUST=stable takes another one. On a runner, later steps use it too.
set -euo pipefail
cd "$(dirname "$0")/.."
version="${RUST:-minimum}"
if [ "$version" = minimum ]; then version="$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)"; fi
rustup toolchain install "$version" --profile minimal --component clippy,rustfmt --no-self-update
if [ -n "${GITHUB_ENV:-}" ]; then echo "RUSTUP_TOOLCHAIN=$version" >>"$GITHUB_ENV"; fi
