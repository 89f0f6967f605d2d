//! `scalegate ab` with programs: each side runs in a checkout of its own.

use std::path::Path;

use insta::assert_snapshot;
use scalegate::record::{self, PairRecord};

use crate::place::{Place, said};

/// A program that a script builds; it prints its cost, with a little noise.
const PROGRAM: &str = "[[program]]
name = \"script/built\"
axis = { name = \"items\", sizes = [100, 200, 300, 400, 600, 800] }
build = [\"sh\", \"build.sh\"]
setup = [\"sh\", \"-c\", \"echo $0 > $1/n\", \"{size}\", \"{work}\"]
command = [\"sh\", \"./built.sh\", \"{work}/n\"]
result = { regex = \"[0-9]+\", unit = \"ns\" }
";

const BUILD: &str = "cat > built.sh <<'SCRIPT'
read n < \"$1\"
ns=$((1000000 + 5000 * n))
echo \"$((ns * (10000 + $$ % 41) / 10000))\"
SCRIPT
";

fn committed() -> Place {
    let place = Place::with(PROGRAM);
    place.write("build.sh", BUILD);
    place.write(".gitignore", "target\nbuilt.sh\n");
    for line in ["init --quiet --initial-branch main", "add --all", "commit --quiet --message base"] {
        let options = "-c user.name=test -c user.email=test@localhost";
        said(&place.start(Path::new("git"), &format!("{options} {line}")).output().unwrap(), 0);
    }
    place
}

fn pairs(place: &Place) -> PairRecord {
    record::read_json(&place.path("target/scalegate/ab.json")).unwrap()
}

#[test]
fn an_edit_of_a_program_is_found_against_the_merge_base_and_the_tree_stays_as_it_is() {
    let place = committed();
    place.edit("build.sh", "5000 * n", "5000 * n + 4 * n * n");
    let before = place.files(&["target"]);
    let verdict = said(&place.run("ab --budget 5s"), 1);
    assert!(verdict.contains("REGRESSED: working tree against"), "{verdict}");
    assert!(place.files(&["target"]) == before, "the repository was changed");
    let record = pairs(&place);
    assert_eq!((record.series.len(), record.function_alignment), (1, None));
    assert_eq!(record.base.executables.keys().collect::<Vec<_>>(), ["script/built"]);
    assert_ne!(record.base.executables, record.head.executables);
}

#[test]
fn an_unchanged_program_passes() {
    let place = committed();
    let verdict = said(&place.run("ab --aa --budget 5s"), 0);
    assert!(verdict.contains("PASS"), "{verdict}");
}

#[test]
fn a_base_without_the_program_is_named() {
    let place = committed();
    place.configure("[[program]]\nname = \"script/new\"\ntokens = [1, 2]\ncommand = [\"./new.sh\"]\n");
    let script = place.write("new.sh", "#!/bin/sh\n");
    std::fs::set_permissions(script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let message = said(&place.run("ab main"), 2);
    let here = place.path("").canonicalize().unwrap();
    assert_snapshot!(message.replace(here.to_str().unwrap(), "[directory]"), @"
    error: base (main): [[program]] script/new, `command`: there is no [directory]/target/scalegate/ab/programs/base/new.sh
      help: build it, put it on PATH, or correct `command`: relative paths are of the working directory, and there is no shell
    ");
}
