"""What a check says of one series in one scope.

    python3 ci/outcomes.py CHECK METRIC       a line for a metric: outcome of its shape, of its costs, and the first that is no pass
"""

import json
import re
import sys

SCOPES = ["shape", "absolute"]
ORDER = ["regressed", "improved", "inconclusive", "pass"]


def findings(check, metric, workload=None):
    """Those of a metric, of what was measured."""
    return [
        it
        for it in check["findings"]
        if it["metric"] == metric and it["quantity"] != "all" and workload in (None, it["workload"])
    ]


def outcome(found, scope):
    """The joint outcome of the findings of a scope, as the gate joins them."""
    seen = {it["outcome"] for it in found if it["scope"] == scope}
    if {"regressed", "improved"} <= seen:
        return "mixed"
    return next((name for name in ["regressed", "inconclusive", "improved", "pass"] if name in seen), "not compared")


def words(finding):
    """What a finding says, without its interval."""
    return re.sub(r" \(([^,]*), between.*", r" (\1)", finding["words"])


def main(path, metric):
    with open(path) as file:
        found = findings(json.load(file), metric)
    first = min(found, key=lambda it: ORDER.index(it["outcome"]), default=None)
    said = words(first) if first and first["outcome"] != "pass" else ""
    print("\t".join([*(outcome(found, scope) for scope in SCOPES), said]))


if __name__ == "__main__":
    main(*sys.argv[1:])
