#!/usr/bin/env python3
"""What this repository asks of its workflows and no general checker knows.

    ci/workflow_policy.py FILE…

- Nothing is permitted at the top; every job says what it may do and how long it may take; every workflow has a
  concurrency group.
- Only a workflow that runs the base's own code writes to pull requests.
- No `pull_request_target`. A step runs one script of `ci/` (or `.ci/run`), with no expression in the command.
- A job that others can cause runs on a machine of GitHub's, unless its `if` asks that the head is a branch of this
  repository.
"""

import re
import sys

from ruamel.yaml import YAML

HOSTED = {"ubuntu-24.04", "ubuntu-24.04-arm", "macos-15"}
# What starts a workflow by the will of those who may write to the repository, and of nobody else.
TRUSTED = {"push", "schedule", "workflow_dispatch"}
OWN_BRANCH = "github.event.pull_request.head.repo.full_name == github.repository"
COMMAND = re.compile(r"(bash \.ci/run|ci/\w+\.(sh|py)( [\w./^-]+)*)\n?")


def triggers(workflow):
    on = workflow.get("on", workflow.get(True, {}))
    return {on} if isinstance(on, str) else set(on)


def labels(job):
    """The labels that a job may run on, with those of its matrix put in."""
    listed = job.get("runs-on", [])
    listed = [listed] if isinstance(listed, str) else listed
    if not isinstance(listed, list):
        return [str(listed)]
    matrix = job.get("strategy", {}).get("matrix", {})
    found = []
    for label in listed:
        name = re.fullmatch(r"\$\{\{ *matrix\.([\w-]+) *\}\}", label)
        if name is None or not isinstance(matrix, dict):
            found.append(label)
            continue
        values = list(matrix.get(name[1], []))
        values += [entry[name[1]] for entry in matrix.get("include", []) if name[1] in entry]
        found += values or [label]
    return found


def is_own_branch_only(job):
    condition = str(job.get("if", "")).strip()
    condition = re.sub(r"^\$\{\{(.*)\}\}$", r"\1", condition)
    return "||" not in condition and OWN_BRANCH in [" ".join(term.split()) for term in condition.split("&&")]


def faults_of_job(name, job, on):
    if not isinstance(job.get("permissions"), dict):
        yield f"{name}: no permissions block of its own"
    elif on - TRUSTED - {"workflow_run"} and job["permissions"].get("pull-requests") == "write":
        yield f"{name}: writes to pull requests beside code of a pull request"
    if "timeout-minutes" not in job:
        yield f"{name}: no timeout-minutes"
    if on - TRUSTED and not set(labels(job)) <= HOSTED and not is_own_branch_only(job):
        yield f"{name}: code from a fork can reach a self-hosted runner ({', '.join(labels(job))}); ask in `if` for {OWN_BRANCH}"
    for step in job.get("steps", []):
        if "run" in step and not COMMAND.fullmatch(step["run"]):
            yield f"{name}: `{step['run'].splitlines()[0]}` is not one script of ci/ without expressions"


def faults_of(workflow):
    on = triggers(workflow)
    if workflow.get("permissions") != {}:
        yield "no `permissions: {}` at the top"
    if "concurrency" not in workflow:
        yield "no concurrency group"
    if "pull_request_target" in on:
        yield "pull_request_target runs with the base's rights beside a fork's code"
    for name, job in workflow.get("jobs", {}).items():
        yield from faults_of_job(name, job, on)


def main():
    count = 0
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            workflow = YAML(typ="safe").load(file)
        for fault in faults_of(workflow):
            print(f"{path}: {fault}")
            count += 1
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
