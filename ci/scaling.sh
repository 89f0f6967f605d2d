#!/usr/bin/env bash
# Plays the road of a pull request on this machine: a checkout of the base is counted and accepted, a checkout of the change
# is counted, and out come the verdict, the job's summary, and the comment.
#   ci/scaling.sh [BASE [CHANGE]]          commits; the base is where HEAD left main, and the change is HEAD
#   ci/scaling.sh --mutant NAME            the change is ci/mutants/NAME.patch on HEAD
#   ci/scaling.sh --suite OLD NEW          the change is OLD replaced by NEW in suite.toml of HEAD
# Ends as `scalegate check` does: with 1 if the change regresses. ONLY=llm/decode leaves out the other workloads, on both
# sides. Needs Valgrind, git and python3. Build nothing else meanwhile: tract is not compiled again for this.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=ci/lib.sh
source ci/lib.sh
need python3 "install it"
need valgrind "install it, for instance with ci/install.sh valgrind"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}"
export SCALEGATE_HOST_CLASS="${SCALEGATE_HOST_CLASS:-github-hosted-x86-64}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# Base and change are commits of a repository of their own, so that nothing is written into this one.
commit() { # commit TITLE
  if [ -n "${ONLY:-}" ]; then
    # A table of a workload that is counted ends where the next table begins. Nobody reads the text then, either.
    awk -v name="name = \"$ONLY\"" '
      /^\[/ { flush(); held = /^\[\[instructions\.workload\]\]/ || /^\[\[model\]\]/ || /^\[accuracy\]/ }
      { if (held) { text = text $0 "\n"; if ($0 == name) wanted = 1 } else print }
      function flush() { if (wanted) printf "%s", text; text = ""; wanted = 0 }
      END { flush() }' "$work/repository/suite.toml" >"$work/suite.toml"
    mv "$work/suite.toml" "$work/repository/suite.toml"
  fi
  git -C "$work/repository" add -A
  git -C "$work/repository" -c user.name=scalegate -c user.email=scalegate@localhost commit -q --allow-empty -m "$1"
}
use() { # use COMMIT: the files of a commit of this repository
  git -C "$work/repository" rm -rq --ignore-unmatch .
  git archive "$1" | tar -x -C "$work/repository"
}

git init -q "$work/repository"
# What is in the working tree and not only what is committed, so that a change can be tried before it is committed.
now="$(git stash create)"
now="${now:-HEAD}"
case "${1:-}" in
  --mutant)
    use "$now"
    commit base
    if ! git -C "$work/repository" apply "$PWD/ci/mutants/${2:?}.patch"; then
      die "ci/mutants/$2.patch" "it does not apply" "make it anew"
    fi
    ;;
  --suite)
    use "$now"
    commit base
    OLD="${2:?}" NEW="${3:?}" python3 - "$work/repository/suite.toml" <<'PYTHON'
import os, pathlib, sys
file = pathlib.Path(sys.argv[1])
text = file.read_text()
if os.environ["OLD"] not in text:
    sys.exit(f"suite.toml: no `{os.environ['OLD']}` in it")
file.write_text(text.replace(os.environ["OLD"], os.environ["NEW"]))
PYTHON
    ;;
  *)
    use "${1:-$(git merge-base HEAD main)}"
    commit base
    use "${2:-$now}"
    ;;
esac
commit change

out="$CARGO_TARGET_DIR/scaling"
rm -rf "$out"
REPOSITORY="$work/repository" ci/counts.sh "$out/records/here" HEAD^ HEAD
code=0
# The baselines are those of the base alone: what is committed may have been counted with other tools.
(
  cd "$(checkout_place)"
  SCALEGATE="$out/records/here/scalegate" BASELINES="$work/none" ci/verdict.sh "$out/records" "$out" \
    "$SCALEGATE_HOST_CLASS"
) 2>"$work/annotations" || code=$?
printf '\n== annotations\n'
cat "$work/annotations"
printf '\n== summary of the job\n'
cat "$out/summary.md"
printf '\n== comment on the pull request\n'
python3 ci/comment.py "$out/digest.json" | tee "$out/comment.md"
exit "$code"
