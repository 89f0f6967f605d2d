#!/usr/bin/env bash
# Licences, sources, bans and advisories of all dependencies. Needs the network: advisories are a list that changes.
set -euo pipefail
cd "$(dirname "$0")/.."
version=0.20.2
if [ "$(cargo deny --version 2>/dev/null)" != "cargo-deny $version" ]; then
  cargo install --locked "cargo-deny@$version"
fi
cargo deny --locked check
