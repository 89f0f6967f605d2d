"""The table of docs/preprocess.md, from the checks that ci/replays.sh leaves.

    python3 ci/replays.py WORK
"""

import json
import pathlib
import re
import sys

REPLAYS = {
    "hard-cap": "a hard cap where none was: 1,280 image tokens",
    "longest-side": "a longest side of 1,024 where none was",
    "bounds-for-longest-side": "a longest side of 1,024 replaced by bounds of 4 and 1,280 tokens",
    "more-tokens": "a maximum of 1,024 tokens raised to 4,096",
    "no-cap": "a maximum of 1,024 tokens raised to 16,384, which means none here",
}
SEEN_BY = [("wall_time", "shape"), ("wall_time", "absolute"), ("instructions", "shape"), ("instructions", "absolute")]
# What tells a change of preprocessing best, the best first.
TELLING = ["knee", "breakpoint", "growth", "cost_largest", "level", "cost_smallest", "slope"]


def outcome(findings):
    """The joint outcome, as the gate joins them."""
    seen = {finding["outcome"] for finding in findings}
    if {"regressed", "improved"} <= seen:
        return "mixed"
    return next((name for name in ["regressed", "inconclusive", "improved", "pass"] if name in seen), "not compared")


def told(findings):
    """What the most telling finding says that is not a pass, without its interval."""
    open_ones = [finding for finding in findings if finding["outcome"] != "pass"]
    rank = {name: i for i, name in enumerate(TELLING)}
    open_ones.sort(key=lambda finding: rank.get(finding["quantity"], len(TELLING)))
    return re.sub(r" \(.*", "", open_ones[0]["words"]) if open_ones else "nothing"


def main(work):
    print("| change | " + " | ".join(f"{metric}, {scope}" for metric, scope in SEEN_BY) + " | what the gate says |")
    print("|---" * (len(SEEN_BY) + 2) + "|")
    for name, words in REPLAYS.items():
        check = json.loads((work / f"{name}.check.json").read_text())
        groups = [
            [f for f in check["findings"] if (f["metric"], f["scope"]) == key and f["quantity"] != "all"] for key in SEEN_BY
        ]
        cells = " | ".join(outcome(group) for group in groups)
        print(f"| {words} | {cells} | {told(groups[0])}; counts: {told(groups[2])} |")


main(pathlib.Path(sys.argv[1]))
