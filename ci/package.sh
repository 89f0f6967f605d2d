#!/usr/bin/env bash
# Builds the command for TARGET and puts it, with what it has to be passed on with, into target/package/scalegate-TARGET.tar.gz and a checksum beside it.
#   TARGET=aarch64-apple-darwin ci/package.sh
set -euo pipefail
cd "$(dirname "$0")/.."
target="${TARGET:?a target triple}"
rustup target add "$target"
cargo build --release --locked --package scalegate --target "$target"
name="scalegate-$target"
rm -rf "target/package/$name"
mkdir -p "target/package/$name"
cp "target/$target/release/scalegate" LICENSE-MIT LICENSE-APACHE README.md CHANGELOG.md "target/package/$name/"
cargo xtask man "target/package/$name/man"
cd target/package
tar -czf "$name.tar.gz" "$name"
rm -r "$name"
if command -v sha256sum >/dev/null; then sha256sum "$name.tar.gz"; else shasum -a 256 "$name.tar.gz"; fi >"$name.tar.gz.sha256"
cat "$name.tar.gz.sha256"
