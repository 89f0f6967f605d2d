#!/usr/bin/env bash
# Makes the picture of the README: the laws of llm/prefill and vlm/encode side by side, as a report shows them.
#   ci/picture.sh REPORT.html OUT.png
set -euo pipefail
if [ $# -ne 2 ]; then
  echo "usage: ci/picture.sh REPORT.html OUT.png" >&2
  exit 2
fi
report="$1"
out="$(realpath -m "$2")"
if ! command -v chromium >/dev/null; then
  echo "chromium: not on PATH" >&2
  echo "  help: install it, for instance with apt-get install chromium" >&2
  exit 2
fi
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

figure() {
  awk -v begin="<figure id=\"$1\">" '$0 == begin { inside = 1; found = 1 } inside { print } $0 == "</figure>" { inside = 0 }
    END { exit !found }' "$report" || {
    echo "$report: no figure $1" >&2
    echo "  help: write it with scalegate report, from a run that has this workload" >&2
    exit 2
  }
}

{
  echo '<!DOCTYPE html><html lang="en"><meta charset="utf-8">'
  awk '/^<style>$/ { inside = 1 } inside { print } /^<\/style>$/ { exit }' "$report"
  # Widths are those of the drawing, so that the size of the picture is known.
  echo '<style>:root { color-scheme: light } body { padding: 16px; max-width: none; width: 1016px }
    .plots { grid-template-columns: 480px 480px; gap: 24px } h3 { font: 600 16px/24px system-ui, sans-serif }
    figcaption { display: none }</style><body><div class="plots">'
  figure llm/prefill:wall_time
  figure vlm/encode:wall_time
  echo '</div>'
} >"$work/picture.html"

sandbox=()
if [ "$(id -u)" -eq 0 ]; then
  sandbox=(--no-sandbox) # Chromium has none for root.
fi
rm -f "$out"
chromium --headless "${sandbox[@]}" --disable-gpu --disable-quic --no-first-run --disable-background-networking \
  --disable-component-update --disable-sync --hide-scrollbars --user-data-dir="$work/profile" \
  --force-device-scale-factor=2 --window-size=1016,446 --screenshot="$out" "file://$work/picture.html" \
  >"$work/log" 2>&1 || true
if [ ! -s "$out" ]; then
  cat "$work/log" >&2
  echo "$out: chromium wrote no picture" >&2
  exit 1
fi
