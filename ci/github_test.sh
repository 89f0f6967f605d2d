#!/usr/bin/env bash
# Do the scripts that talk with GitHub do so rightly? A program in the place of `gh` answers from files and keeps a log of
# what it was asked; its answers are those that gh's own filters would have left.
set -euo pipefail
cd "$(dirname "$0")/.."
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
wrong=0
mkdir "$work/bin"
cat >"$work/bin/gh" <<'GH'
#!/usr/bin/env bash
echo "$*" >>"$FAKE/log"
case "$*" in
  *"/jobs "*)
    # Each question takes one answer; the last one stays.
    first="$(find "$FAKE" -name 'jobs.*' | sort | head -n 1)"
    cat "$first"
    if [ "$(find "$FAKE" -name 'jobs.*' | wc -l)" -gt 1 ]; then rm "$first"; fi
    ;;
  *artifacts\?name=digest*) cat "$FAKE/artifact" ;;
  */zip) cat "$FAKE/digest.zip" ;;
  *pulls/*) cat "$FAKE/head" ;;
  *"--paginate"*comments*) cat "$FAKE/comments" ;;
  *) echo "https://example.org/comment" ;;
esac
GH
chmod +x "$work/bin/gh"
export PATH="$work/bin:$PATH" GITHUB_REPOSITORY=owner/name GITHUB_RUN_ID=1 GITHUB_RUN_ATTEMPT=1

say() { # say TITLE CONDITION-CODE
  if [ "$2" -eq 0 ]; then echo "right  $1"; else
    echo "WRONG  $1"
    cat "$work/out"
    wrong=1
  fi
}
fresh() {
  export FAKE="$work/fake" GITHUB_OUTPUT="$work/output"
  rm -rf "$FAKE" "$GITHUB_OUTPUT"
  mkdir "$FAKE"
  touch "$FAKE/log" "$GITHUB_OUTPUT"
}
ok() { if "$@"; then echo 0; else echo 1; fi; }

await() { HOSTS_WANTED="$1" QUEUE_MINUTES="$2" POLL_S=0 timeout 60 ci/await_hosts.sh >"$work/out" 2>&1; }
fresh
await false 0
say "no host is waited for if none is asked for" "$(ok test ! -s "$FAKE/log")"
fresh
printf 'queued host pi5\n' >"$FAKE/jobs.1"
await true 0
say "a job that stays in the queue is given up and named" "$(ok grep -qx 'offline=host pi5' "$GITHUB_OUTPUT")"
fresh
printf 'in_progress host m2\nqueued host pi5\n' >"$FAKE/jobs.1"
printf 'queued host pi5\n' >"$FAKE/jobs.2"
await true 0
say "a job that runs is waited for" "$(ok test "$(wc -l <"$FAKE/log")" -eq 2)"
fresh
printf 'queued host pi5\n' >"$FAKE/jobs.1"
: >"$FAKE/jobs.2"
await true 1
say "a job that comes and ends in time is not given up" "$(ok grep -qx 'offline=' "$GITHUB_OUTPUT")"

digest() { # digest: one for pull request 7, as the artifact of the run
  (cd "$FAKE" && PULL_REQUEST=7 COMMIT="$(printf 'a%.0s' {1..40})" python3 "$OLDPWD/ci/digest.py" --fault "no record" \
    >digest.json 2>/dev/null && python3 -m zipfile -c digest.zip digest.json)
  echo "5 300" >"$FAKE/artifact"
  echo "the-head" >"$FAKE/head"
  : >"$FAKE/comments"
}
remark() { RUN_ID=1 HEAD_SHA="$1" RUN_URL=https://example.org/run ci/comment.sh >"$work/out" 2>&1; }
fresh
digest
remark the-head
say "the first comment is made" "$(ok grep -q 'POST repos/owner/name/issues/7/comments' "$FAKE/log")"
fresh
digest
echo 99 >"$FAKE/comments"
remark the-head
say "a later one takes its place" "$(ok grep -q 'PATCH repos/owner/name/issues/comments/99' "$FAKE/log")"
fresh
digest
remark another-head
say "nothing is written on a pull request that the run is not of" "$(ok test "$(grep -c -e POST -e PATCH "$FAKE/log")" -eq 0)"
fresh
digest
echo "5 999999" >"$FAKE/artifact"
say "an artifact that is too large is not fetched" "$(if remark the-head || grep -q zip "$FAKE/log"; then echo 1; else echo 0; fi)"
fresh
digest
(cd "$FAKE" && echo '{"schema": 1}' >digest.json && python3 -m zipfile -c digest.zip digest.json)
say "a digest that does not fit is not written" "$(if remark the-head || grep -q -e POST -e PATCH "$FAKE/log"; then echo 1; else echo 0; fi)"
exit "$wrong"
