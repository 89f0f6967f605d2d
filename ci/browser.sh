#!/usr/bin/env bash
# Renders a report and looks at it in headless Chromium: light, dark, 400 pixels wide and printed. Needs Chromium or Chrome, and
# node.
#   ci/browser.sh [SCREENSHOTS]
# The record is what the baselines of this repository hold, and models made up from it, so that nothing is measured.
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
// Models to weigh, made up from the accepted prefill: so much slower, and so perplexed.
const prefill = series.find(({ workload, metric }) => workload === "llm/prefill" && metric === "wall_time");
const models = { "whole": [1, 21], "svd-0.8": [0.9, 21.2], "svd-0.6": [0.8, 23.6], "mpo-0.6": [0.85, 33.2], "svd-0.4": [0.7, 32.2] };
for (const [name, [slower, perplexity]] of Object.entries(models)) {
  const samples = prefill.samples.map((it) => ({ ...it, values: it.values.map((value) => slower * value) }));
  const text = { workload: `${name}/llm/text`, axis: "tokens", metric: "perplexity", unit: "1" };
  series.push({ ...prefill, workload: `${name}/llm/prefill`, samples });
  series.push({ ...text, samples: [{ size: 256, round: 0, values: [perplexity] }] });
}
writeFileSync(process.argv[2], JSON.stringify({ ...accepted[0].run, series }));
JS
target/release/scalegate report "$work/run.json" --out "$work/report.html"
node ci/browser.mjs "$work/report.html" "$screenshots"
