#!/usr/bin/env python3
"""A digest that somebody wrote to do harm is shown as text, or refused."""

import copy
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).parent
FINDING = {"host": "h", "workload": "llm/decode", "metric": "instructions", "outcome": "regressed", "words": "slope"}
GOOD = {
    "schema": 1,
    "pull_request": 7,
    "commit": "a" * 40,
    "verdict": "regressed",
    "summary": "of 3 quantities, 1 regressed",
    "findings": [FINDING],
    "not_shown": 0,
    "notes": [],
}


def run(script, *arguments):
    return subprocess.run([sys.executable, HERE / script, *arguments], capture_output=True, text=True, check=False)


def comment(digest, *more):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(digest if isinstance(digest, str) else json.dumps(digest))
        file.flush()
        return run("comment.py", file.name, *more)


def changed(**fields):
    return {**copy.deepcopy(GOOD), **fields}


class Comment(unittest.TestCase):
    def test_a_good_digest_becomes_a_comment_with_the_verdict_first(self):
        text = comment(GOOD).stdout
        self.assertIn("## scalegate: regressed", text.splitlines()[1])
        self.assertIn("- **regressed** `llm/decode` `instructions` on `h`: `slope`", text)
        self.assertEqual(comment(GOOD, "--field", "pull_request").stdout, "7\n")

    def test_markup_stays_within_code(self):
        evil = "x` <img src=//e> @everyone [a](//b) \n# title \u202e\u0000 ``` | #1"
        text = comment(changed(findings=[{**FINDING, "words": evil, "workload": evil}], summary=evil, notes=[evil])).stdout
        for line in text.splitlines():
            if "@everyone" not in line:
                continue
            self.assertEqual(line.count("`") % 2, 0, line)
            outside = "".join(line.split("`")[::2])
            for harm in ("<img", "@", "](", "#", "|"):
                self.assertNotIn(harm, outside)
        self.assertNotIn("\u202e", text)

    def test_what_does_not_fit_is_refused(self):
        bad = [
            "no json",
            "[" * 100_000,
            changed(schema=2),
            changed(verdict="fine"),
            changed(verdict=["pass"]),
            changed(pull_request="7"),
            changed(pull_request=True),
            changed(pull_request=-1),
            changed(commit="$(id)"),
            changed(summary="x" * 501),
            changed(findings=[FINDING] * 51),
            changed(findings=[{**FINDING, "outcome": "**pass**"}]),
            changed(findings=[{**FINDING, "outcome": 1}]),
            changed(findings=[{**FINDING, "more": ""}]),
            changed(notes="note"),
            changed(more=1),
            json.dumps(changed(summary="x")) + " " * 70_000,
        ]
        for digest in bad:
            result = comment(digest)
            self.assertEqual((result.returncode, result.stdout), (2, ""), str(digest)[:80])

    def test_a_digest_of_a_check_is_one_that_the_comment_takes(self):
        check = {
            "verdict": "mixed",
            "findings": [{**FINDING, "words": "a" * 900, "workload": f"w{i}"} for i in range(70)]
            + [{**FINDING, "outcome": "pass"}],
            "notes": [{"host": "h", "words": "b" * 900}] * 70,
        }
        with tempfile.TemporaryDirectory() as place:
            path = os.path.join(place, "check.json")
            pathlib.Path(path).write_text(json.dumps(check), encoding="utf-8")
            made = run("digest.py", path, "--suite", str(HERE.parent / "suite.toml"))
        self.assertEqual(made.returncode, 0, made.stderr)
        text = comment(made.stdout)
        self.assertEqual(text.returncode, 0, text.stderr)
        self.assertIn("`of 71 quantities, 70 regressed, 1 within tolerance`", text.stdout)
        self.assertIn("- and 50 more", text.stdout)

    def test_annotations_name_the_line_of_the_workload_and_are_one_line_each(self):
        check = {"verdict": "regressed", "findings": [{**FINDING, "words": "one\ntwo 5 %"}], "notes": []}
        suite = (HERE.parent / "suite.toml").read_text(encoding="utf-8").splitlines()
        with tempfile.TemporaryDirectory() as place:
            path = os.path.join(place, "check.json")
            pathlib.Path(path).write_text(json.dumps(check), encoding="utf-8")
            made = run("digest.py", path, "--suite", str(HERE.parent / "suite.toml"))
        line = max(i for i, text in enumerate(suite, 1) if text == 'name = "llm/decode"' and "[[instructions.workload]]" == suite[i - 2])
        self.assertEqual(
            made.stderr,
            f"::error file=suite.toml,line={line},title=llm/decode instructions on h::one two 5 %25\n",
        )

    def test_a_fault_is_inconclusive_and_said(self):
        made = run("digest.py", "--fault", "no host has sent a record")
        self.assertIn("inconclusive", comment(made.stdout).stdout)


if __name__ == "__main__":
    unittest.main()
