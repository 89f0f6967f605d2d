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

# Puts the sources of a commit, and nothing else, below DIRECTORY. It is the same directory for base and change, so that
# nothing in the programs depends on the path, and tract is compiled once.
extract() { # extract REPOSITORY COMMIT DIRECTORY
  rm -rf "$3"
  mkdir -p "$3"
  git -C "$1" archive "$2" | tar -x -C "$3"
}

# Counts the workloads of a checkout. Counts don't depend on what else the machine does.
count() { # count CHECKOUT RECORD WORKLOADS LOG
  (
    cd "$1"
    SCALEGATE_OUT="$2" SCALEGATE_WORKLOADS="$3" cargo bench --locked --bench instructions --bench heap
  ) >"$4" 2>&1 || {
    cat "$4" >&2
    die "$1" "the counts could not be taken" "read the messages above"
  }
}
