#!/usr/bin/env bash
# What can be tested without Valgrind: lints and tests, in the profile that benches use, so that tract is compiled once.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo clippy --release --locked --all-targets -- -D warnings
cargo test --release --locked
