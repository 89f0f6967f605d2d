#!/usr/bin/env python3
"""What a pull request's comment and annotations need of a verdict.

    ci/digest.py CHECK.json [--suite suite.toml] > digest.json    annotations go to standard error
    ci/digest.py --fault TEXT > digest.json                       there is no verdict, and why

The digest holds texts and no markup; ci/comment.py makes markup of it, where the digest can't be trusted.
"""

import argparse
import json
import os
import re
import sys

SCHEMA = 1
SHOWN = 20
WORDS = 400
WORST_FIRST = ["regressed", "improved", "inconclusive"]


def shorten(text, limit=WORDS):
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def summary(findings):
    counts = [(name, sum(f["outcome"] == name for f in findings)) for name in WORST_FIRST]
    parts = [f"{count} {name}" for name, count in counts if count]
    passed = sum(f["outcome"] == "pass" for f in findings)
    if passed:
        parts.append(f"{passed} within tolerance")
    return f"of {len(findings)} quantities, " + ", ".join(parts)


def digest(verdict, text, findings, notes):
    number = os.environ.get("PULL_REQUEST", "")
    listed = [f for name in WORST_FIRST for f in findings if f["outcome"] == name]
    fields = ("host", "workload", "metric", "outcome", "words")
    return {
        "schema": SCHEMA,
        "pull_request": int(number) if number.isdigit() else None,
        "commit": os.environ.get("COMMIT", ""),
        "verdict": verdict,
        "summary": shorten(text),
        "findings": [{name: shorten(f[name]) for name in fields} for f in listed[:SHOWN]],
        "not_shown": max(0, len(listed) - SHOWN),
        "notes": [shorten(f"{note['host']}: {note['words']}") for note in notes[:SHOWN]],
    }


def line_of(suite, workload, counted):
    """The line of suite.toml that names a workload, in the table that its metric is measured by."""
    table = "[[instructions.workload]]" if counted else "[[workload]]"
    inside = False
    for number, line in enumerate(suite, 1):
        if line.startswith("["):
            inside = line.strip() == table
        elif inside and re.match(rf'name\s*=\s*"{re.escape(workload)}"', line):
            return number
    return 1


def escaped(text, more=""):
    """As GitHub's workflow commands want it."""
    for character in "%\r\n" + more:
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def annotations(shown, suite):
    levels = {"regressed": "error", "inconclusive": "warning", "improved": "notice"}
    for finding in shown:
        line = line_of(suite, finding["workload"], finding["metric"] in ("instructions", "heap_bytes"))
        title = escaped(f"{finding['workload']} {finding['metric']} on {finding['host']}", ":,")
        level = levels[finding["outcome"]]
        yield f"::{level} file=suite.toml,line={line},title={title}::{escaped(finding['words'])}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("check", nargs="?")
    parser.add_argument("--suite", default="suite.toml")
    parser.add_argument("--fault")
    arguments = parser.parse_args()
    if (arguments.check is None) == (arguments.fault is None):
        parser.error("give the JSON of a check, or a fault")
    if arguments.fault is not None:
        made = digest("inconclusive", arguments.fault, [], [])
        print(f"::error title=scalegate::{escaped(shorten(arguments.fault))}", file=sys.stderr)
    else:
        with open(arguments.check, encoding="utf-8") as file:
            check = json.load(file)
        made = digest(check["verdict"], summary(check["findings"]), check["findings"], check["notes"])
        with open(arguments.suite, encoding="utf-8") as file:
            for line in annotations(made["findings"], file.readlines()):
                print(line, file=sys.stderr)
    json.dump(made, sys.stdout, ensure_ascii=False, indent=1)
    print()


if __name__ == "__main__":
    main()
