#!/usr/bin/env bash
# Does the gate on instruction counts see what it should? Applies each patch of ci/mutants/ alone to the sources as they are
# committed, counts, and compares with the counts of the sources without it.
#   ci/mutants.sh [--wall-time] [NAME…]      all of them by default
# Prints a table; ends with 1 unless every harmful change is caught and every benign one passes. With --wall-time the harmful ones are
# measured by wall time too, and the table says what its shape and its costs show; what they show depends on the machine, and
# does not count. Takes about two minutes for each, and twice that with wall time; but four rounds of `clamp-ignored` had not ended
# after eight minutes: name the others to leave it out. Needs valgrind. Build nothing else meanwhile: tract is not compiled
# again for this, so that the programs lie where those of the working tree do.
set -euo pipefail
cd "$(dirname "$0")/.."
root="$PWD"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$root/target}"
wall_time=""
if [ "${1:-}" = --wall-time ]; then
  wall_time=yes
  shift
fi
names=("$@")
if [ ${#names[@]} -eq 0 ]; then
  for patch in ci/mutants/*.patch; do names+=("$(basename "$patch" .patch)"); done
fi
for name in "${names[@]}"; do
  if [ ! -f "ci/mutants/$name.patch" ]; then
    echo "ci/mutants/$name.patch: no such patch" >&2
    exit 2
  fi
done

work="$(mktemp -d)"
# The tree has the same path each time, so that nothing in the program depends on it.
tree="$CARGO_TARGET_DIR/mutants"
trap 'rm -rf "$work"' EXIT
# Not this very commit but what is in the working tree, so that a change can be tried before it is committed.
changes="$(git stash create)"
rm -rf "$tree"
mkdir -p "$tree"
git archive "${changes:-HEAD}" | tar -x -C "$tree"
# Patches apply to a repository of their own: git would look for paths in the one around it.
git -C "$tree" init -q
git -C "$tree" add -A

count() { # count RECORD WORKLOADS LOG
  (
    cd "$tree"
    SCALEGATE_OUT="$1" SCALEGATE_METRICS=instructions SCALEGATE_WORKLOADS="$2" \
      cargo bench --locked --bench instructions
  ) >"$3" 2>&1 || {
    cat "$3" >&2
    echo "the counts could not be taken" >&2
    exit 2
  }
  if grep -q '^instructions: unavailable' "$3"; then
    grep '^instructions: unavailable' "$3" >&2
    exit 2
  fi
}

# Measures wall time, in the rounds of the suite.
time_it() { # time_it RECORD WORKLOADS LOG
  (
    cd "$tree"
    SCALEGATE_OUT="$1" SCALEGATE_METRICS=wall_time SCALEGATE_WORKLOADS="$2" cargo bench --locked --bench llm --bench vlm
  ) >"$3" 2>&1 || {
    cat "$3" >&2
    echo "wall time could not be measured" >&2
    exit 2
  }
}

# The largest change of any quantity, passed or not.
largest() {
  ./scalegate check run.json --format json | awk '
    /"change": \{/ { inside = 1 }
    inside && /"estimate":/ {
      gsub(/[^0-9.e-]/, ""); v = $0 < 0 ? -$0 : $0; if (v > most) most = v; n++; inside = 0
    }
    END { printf "largest of %d changes: %.4f %%\n", n, 100 * most }'
}

header() { sed -n "s/^$1: //p;/^diff /q" "ci/mutants/$2.patch"; }

echo "counting the sources without a patch" >&2
count "$work/unchanged.json" "" "$work/log"
cp "$CARGO_TARGET_DIR/release/scalegate" "$work/scalegate"
# Nothing else is asked for: what is caught here is caught by counts of instructions alone.
sed 's/^required = .*/required = ["instructions"]/' suite.toml >"$work/suite.toml"
cd "$work"
./scalegate accept unchanged.json --reason "sources without a patch" 2>/dev/null
if [ -n "$wall_time" ]; then
  time_it "$work/unchanged.times.json" "" "$work/log"
  # Baselines of its own, so that a check of counts knows of nothing else.
  ./scalegate accept unchanged.times.json --baseline times --reason "sources without a patch" 2>/dev/null
fi

wrong=0
printf '%-26s %-8s %-13s %-6s %s\n' change expected verdict right "what the gate says"
for name in "${names[@]}"; do
  patch="$root/ci/mutants/$name.patch"
  if ! git -C "$tree" apply "$patch" 2>"$work/log"; then
    cat "$work/log" >&2
    echo "$patch does not apply any more; make it anew" >&2
    exit 2
  fi
  expected="$(cd "$root" && header expect "$name")"
  workloads="$(cd "$root" && header workloads "$name")"
  count "$work/run.json" "$workloads" "$work/log"
  code=0
  ./scalegate check run.json >check.txt || code=$?
  case "$expected:$code" in caught:1 | benign:0) right=yes ;; *) right=NO wrong=1 ;; esac
  verdict="$(sed -n '1s/:.*//p' check.txt | tr '[:upper:]' '[:lower:]')"
  words="$(awk 'found { sub(/^ +/, ""); print; exit } /^(regressed|improved|inconclusive)  / { found = 1 }' check.txt)"
  if [ "$code" -eq 0 ]; then words="$(largest)"; fi
  printf '%-26s %-8s %-13s %-6s %s\n' "$name" "$expected" "$verdict" "$right" "$words"
  if [ -n "$wall_time" ] && [ "$expected" = caught ]; then
    time_it "$work/times.json" "$workloads" "$work/log"
    ./scalegate check times.json --baseline times --format json >times.check.json || test $? -ne 2
    IFS=$'\t' read -r shape costs said < <(python3 "$root/ci/outcomes.py" times.check.json wall_time)
    printf '%-26s shape of wall time: %s; its costs: %s; %s\n' "" "$shape" "$costs" "$said"
    rm times.json
  fi
  if [ "$right" = NO ]; then sed 's/^/    /' check.txt; fi
  git -C "$tree" checkout -q -- .
  git -C "$tree" clean -qfd
done
exit "$wrong"
