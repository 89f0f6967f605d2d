#!/usr/bin/env bash
# Publishes the archives of a directory as the release of a tag. A release that is there already stays as it is.
#   GH_TOKEN=… TAG=v0.2.0 ci/release.sh DIRECTORY
set -euo pipefail
cd "$(dirname "$0")/.."
directory="${1:?a directory of archives}"
tag="${TAG:?the tag of the release}"
gh release create "$tag" --verify-tag --title "$tag" --notes "See CHANGELOG.md." "$directory"/scalegate-*.tar.gz "$directory"/scalegate-*.sha256
