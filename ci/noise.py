#!/usr/bin/env python3
"""Keeps what two runs of the same code differ by, to tell a bad host from bad code.

    ci/noise.py CHECK.json DATE >> noise.csv

CHECK.json is the second run checked against the first. A row for each quantity: date, host class, workload, metric,
scope, quantity, outcome, change, lower and upper end of its interval (relative, or as a difference for shares).
"""

import csv
import json
import sys

COLUMNS = ["date", "host", "workload", "metric", "scope", "quantity", "outcome", "change", "lower", "upper"]


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    with open(sys.argv[1], encoding="utf-8") as file:
        findings = json.load(file)["findings"]
    rows = csv.writer(sys.stdout, lineterminator="\n")
    for finding in findings:
        change = finding["change"]
        if change is None:
            continue  # It was not compared, or it is no number.
        numbers = [f"{change[name]:.4f}" for name in ("estimate", "lower", "upper")]
        names = [finding[name] for name in COLUMNS[1:7]]
        rows.writerow([sys.argv[2], *names, *numbers])
    return 0


if __name__ == "__main__":
    sys.exit(main())
