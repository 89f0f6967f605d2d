#!/usr/bin/env python3
"""Makes the comment on a pull request from a digest that anybody may have written.

    ci/comment.py DIGEST.json > comment.md
    ci/comment.py DIGEST.json --field pull_request

A run for a fork makes its digest with the fork's code. So nothing of it is taken as markup: its size, its fields and their
types are checked, outcomes have to be known words, and every text is shown as code, in which neither links nor mentions
nor HTML work. What does not fit is refused, with exit code 2.
"""

import argparse
import json
import os
import re
import sys

MARKER = "<!-- scalegate verdict -->"
LIMIT_BYTES = 64 * 1024
LIMIT_TEXT = 500
LIMIT_LIST = 50
VERDICTS = {
    "pass": "pass: every quantity is shown to lie within its tolerance",
    "improved": "improved: what changed got cheaper",
    "regressed": "regressed: this change costs more, beyond the tolerance",
    "mixed": "mixed: some costs grew and some shrank, beyond the tolerance",
    "inconclusive": "inconclusive: not shown to be within tolerance, nor beyond it",
}
OUTCOMES = {"regressed", "improved", "inconclusive"}
FIELDS = {"schema", "pull_request", "commit", "verdict", "summary", "findings", "not_shown", "notes"}
FINDING = {"host", "workload", "metric", "outcome", "words"}


class Refused(Exception):
    """The digest is not what ci/digest.py makes."""


def need(condition, what):
    if not condition:
        raise Refused(what)


def is_text(value):
    return isinstance(value, str) and len(value) <= LIMIT_TEXT


def is_count(value):
    return type(value) is int and 0 <= value < 2**31


def is_list(value):
    return isinstance(value, list) and len(value) <= LIMIT_LIST


def read(path):
    need(os.path.getsize(path) <= LIMIT_BYTES, f"larger than {LIMIT_BYTES} bytes")
    with open(path, "rb") as file:
        raw = file.read(LIMIT_BYTES)
    try:
        digest = json.loads(raw.decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise Refused("not JSON in UTF-8") from None
    need(isinstance(digest, dict) and set(digest) == FIELDS, "its fields are not those of a digest")
    need(digest["schema"] == 1, "another schema")
    need(digest["pull_request"] is None or is_count(digest["pull_request"]), "pull_request is no number")
    need(is_text(digest["commit"]) and re.fullmatch(r"[0-9a-f]{40}|", digest["commit"]), "commit is no hash")
    need(isinstance(digest["verdict"], str) and digest["verdict"] in VERDICTS, "an unknown verdict")
    need(is_text(digest["summary"]), "summary is no short text")
    need(is_count(digest["not_shown"]), "not_shown is no count")
    need(is_list(digest["notes"]) and all(map(is_text, digest["notes"])), "notes are no short list of short texts")
    need(is_list(digest["findings"]), "findings are no short list")
    for finding in digest["findings"]:
        need(isinstance(finding, dict) and set(finding) == FINDING, "a finding has other fields")
        need(all(map(is_text, finding.values())), "a finding holds something else than short texts")
        need(finding["outcome"] in OUTCOMES, "a finding has an unknown outcome")
    return digest


def code(text):
    """Text as a code span. Only a backtick ends one; what is not printable could hide what is shown."""
    plain = "".join(c if c.isprintable() else " " for c in text.replace("`", "'"))
    return f"`{' '.join(plain.split()) or ' '}`"


def comment(digest, run_url):
    lines = [MARKER, f"## scalegate: {VERDICTS[digest['verdict']]}", "", code(digest["summary"])]
    if digest["findings"]:
        lines.append("")
    for f in digest["findings"]:
        lines.append(
            f"- **{f['outcome']}** {code(f['workload'])} {code(f['metric'])} on {code(f['host'])}: {code(f['words'])}"
        )
    if digest["not_shown"]:
        lines.append(f"- and {digest['not_shown']} more")
    if digest["notes"]:
        lines += ["", "<details><summary>What does not gate</summary>", ""]
        lines += [f"- {code(note)}" for note in digest["notes"]]
        lines += ["", "</details>"]
    seen = f"See it again with `ci/scaling.sh`{f', or [in this run]({run_url})' if run_url else ''}."
    of = f" Measured at {digest['commit'][:12]}." if digest["commit"] else ""
    return "\n".join([*lines, "", seen + of, ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("digest")
    parser.add_argument("--field", choices=["pull_request", "commit"])
    arguments = parser.parse_args()
    try:
        digest = read(arguments.digest)
    except (Refused, OSError) as error:
        print(f"{arguments.digest}: {error}\n  help: the digest is not used; see the run's own summary", file=sys.stderr)
        return 2
    if arguments.field:
        value = digest[arguments.field]
        print("" if value is None else value)
    else:
        # Told by GitHub and not by the digest.
        print(comment(digest, os.environ.get("RUN_URL", "")), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
