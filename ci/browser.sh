#!/usr/bin/env bash
# Renders a report and looks at it in headless Chromium: light, dark, 400 pixels wide and printed. Needs Chromium or Chrome, and
# node.
#   ci/browser.sh [SCREENSHOTS]
# The record is what the baselines of this repository hold, so that nothing is measured.
set -euo pipefail
cd "$(dirname "$0")/.."
screenshots="${1:-target/scalegate/browser}"
CHROMIUM="${CHROMIUM:-$(command -v chromium google-chrome | head -n 1 || true)}"
export CHROMIUM
if [ -z "$CHROMIUM" ] || ! command -v node >/dev/null; then
  echo "no chromium (or google-chrome), or no node, on PATH" >&2
  echo "  help: install them, for instance with apt-get install chromium nodejs, or name the browser in CHROMIUM" >&2
  exit 2
fi
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# The accepted series of one class of hosts and its counts, as one record.
node - "$work/run.json" <<'JS'
const { readdirSync, readFileSync, writeFileSync, statSync } = require("node:fs");
const files = (folder) => readdirSync(folder).map((name) => `${folder}/${name}`);
const [host] = files("baselines/hosts").filter((path) => statSync(path).isDirectory());
const folders = [host, ...files("baselines/portable").filter((path) => statSync(path).isDirectory())];
const accepted = folders.flatMap(files).map((path) => JSON.parse(readFileSync(path, "utf8")));
const seen = new Set();
const series = accepted.flatMap((it) => it.run.series).filter(({ workload, metric }) => {
  const key = `${workload} ${metric}`;
  return !seen.has(key) && seen.add(key);
});
writeFileSync(process.argv[2], JSON.stringify({ ...accepted[0].run, series }));
JS
target/release/scalegate report "$work/run.json" --out "$work/report.html"
node ci/browser.mjs "$work/report.html" "$screenshots"
