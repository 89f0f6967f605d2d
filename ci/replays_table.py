"""The table of docs/preprocess.md, from the checks that ci/replays.sh leaves.

    python3 ci/replays_table.py WORK
"""

import json
import pathlib
import re
import sys

from outcomes import SCOPES, findings, outcome, words

REPLAYS = {
    "hard-cap": "a hard cap where none was: 1,280 image tokens",
    "longest-side": "a longest side of 1,024 where none was",
    "bounds-for-longest-side": "a longest side of 1,024 replaced by bounds of 4 and 1,280 tokens",
    "more-tokens": "a maximum of 1,024 tokens raised to 4,096",
    "no-cap": "a maximum of 1,024 tokens raised to 16,384, which means none here",
}
SERIES = [("vlm/encode", "wall_time"), ("vlm/preprocess", "wall_time"), ("vlm/preprocess", "instructions")]
OF_THE_KNEE = ["knee", "breakpoint"]


def told(found):
    """What is said of the knee, or of the law where there is none, without what it cost."""
    of_the_knee = [it for it in found if it["quantity"] in OF_THE_KNEE]
    return re.sub(r"(:.*| \(.*)", "", words((of_the_knee or found)[0]))


def cell(check, workload, metric):
    found = findings(check, metric, f"engine/{workload}")
    outcomes = ", ".join(f"{scope} *{outcome(found, scope)}*" for scope in SCOPES)
    return f"{told(found)}; {outcomes}"


def main(work):
    print("| change | " + " | ".join(f"{metric} of `{workload}`" for workload, metric in SERIES) + " |")
    print("|---" * (1 + len(SERIES)) + "|")
    for name, change in REPLAYS.items():
        check = json.loads((work / f"{name}.check.json").read_text())
        print(f"| {change} | " + " | ".join(cell(check, *series) for series in SERIES) + " |")


main(pathlib.Path(sys.argv[1]))
