#!/usr/bin/env bash
# Installs Debian packages where a program of the same name is missing.
#   ci/install.sh PROGRAM…
set -euo pipefail
as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo); fi
missing=()
for program in "$@"; do
  if ! command -v "$program" >/dev/null; then missing+=("$program"); fi
done
if [ ${#missing[@]} -eq 0 ]; then exit 0; fi
if ! command -v apt-get >/dev/null; then
  printf '%s: not on PATH\n  help: install it; this script knows apt-get alone\n' "${missing[*]}" >&2
  exit 2
fi
"${as_root[@]}" apt-get update -q
"${as_root[@]}" apt-get install -q -y --no-install-recommends "${missing[@]}"
