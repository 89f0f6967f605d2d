# Sourced by the scripts of this directory.
# shellcheck shell=bash

die() { # die PLACE CAUSE REMEDY
  printf '%s: %s\n  help: %s\n' "$1" "$2" "$3" >&2
  exit 2
}

need() { # need PROGRAM HOW
  command -v "$1" >/dev/null || die "$1" "not on PATH" "$2"
}

# A program that came with `cargo bench`, wherever the target directory is.
target() { echo "${CARGO_TARGET_DIR:-target}"; }

# Where base and change are built, one after the other. It is one place for both, so that nothing in the programs depends on
# the path, and tract is compiled once. Build nothing else meanwhile.
checkout_place() { echo "$(target)/pull-request"; }

# Makes the files there those of a commit. Only files that differ are written, so that only what changed is built again.
checkout() { # checkout REPOSITORY COMMIT
  local place index
  place="$(checkout_place)"
  index="$place.index"
  if [ ! -d "$place" ] || [ ! -f "$index" ]; then rm -rf "$place" "$index"; fi
  mkdir -p "$place"
  GIT_INDEX_FILE="$index" git --git-dir="$(git -C "$1" rev-parse --absolute-git-dir)" --work-tree="$place" \
    read-tree --reset -u "$2"
}

# Counts the workloads of a checkout, and takes the perplexity of its models. Neither depends on what else the machine does.
count() { # count CHECKOUT RECORD LOG
  (
    cd "$1"
    SCALEGATE_OUT="$2" cargo bench --locked --bench instructions --bench heap --bench accuracy
  ) >"$3" 2>&1 || {
    cat "$3" >&2
    die "$1" "the counts could not be taken" "read the messages above"
  }
}
