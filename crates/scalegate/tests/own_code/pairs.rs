//! `scalegate ab`: base against head.

use std::collections::BTreeSet;

use scalegate::record::{self, PairRecord};

use crate::package::{Package, code, plant_quadratic};

#[test]
fn pairs_name_what_an_edit_made_slower_and_leave_the_repository_as_it_is() {
    let package = Package::played();
    plant_quadratic(&package);
    package.write("src/not_committed.txt", "part of the working tree");
    let before = package.files(&["target"]);
    let said = code(&package.scalegate("ab --workload text/* --budget 3s"), 1);
    assert!(said.contains("REGRESSED: working tree against"), "{said}");
    assert!(package.files(&["target"]) == before, "the repository was changed");
    let record: PairRecord = record::read_json(&package.path("target/scalegate/ab.json")).unwrap();
    assert_eq!(record.series.len(), 1);
    let series = &record.series[0];
    assert_eq!(series.workload, "text/count_words");
    assert!(series.pairs.len() >= 5 && series.controls.len() >= 2);
    assert_ne!(record.base.executables, record.head.executables);
    let places = std::fs::read_dir(package.path("target/scalegate/ab")).unwrap();
    let mut names: BTreeSet<String> = places.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    for of_linux in ["align.ld", "linker"] {
        assert_eq!(names.remove(of_linux), cfg!(target_os = "linux"));
    }
    // Where rustc links with LLD by default.
    if cfg!(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu")) {
        assert!(record.random_layout, "{said}");
    }
    assert_eq!(names, ["base", "head", "lock", "target", "tree", "tree.index"].map(str::to_owned).into());
}

#[test]
fn a_pull_request_in_pairs_leaves_a_check_a_summary_and_a_digest() {
    let package = Package::played();
    plant_quadratic(&package);
    let said = code(&package.scalegate("ci ab target/verdict HEAD --budget 10s"), 1);
    assert!(said.contains("REGRESSED: working tree against"), "{said}");
    assert!(said.contains("::error"), "{said}");
    assert!(package.read("target/verdict/summary.md").starts_with("## scalegate: regressed\n\n    REGRESSED: "));
    let check: serde_json::Value = serde_json::from_str(&package.read("target/verdict/check.json")).unwrap();
    assert_eq!(check["verdict"], "regressed");
    let comment = code(&package.scalegate("ci comment target/verdict/digest.json"), 0);
    assert!(comment.contains("- **regressed** `text/count_words` `wall_time`"), "{comment}");
    assert!(comment.contains("See it again with `scalegate ab`."), "{comment}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_linker_that_has_one_order_for_functions_is_noted() {
    use std::os::unix::fs::PermissionsExt as _;

    let package = Package::committed();
    let linker = package.write(
        "target/linker/cc",
        "#!/bin/sh\ncase \"$*\" in *shuffle*) echo 'unknown argument' >&2; exit 1 ;; esac\nexec /usr/bin/cc \"$@\"\n",
    );
    std::fs::set_permissions(&linker, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", linker.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut ab = package.command(env!("CARGO_BIN_EXE_scalegate"), "ab --aa --workload text/* --budget 1s");
    let output = ab.env("PATH", path).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("note: functions lie in the same order in every round, so that"), "{said}");
    assert!(said.contains("unknown argument"), "{said}");
    let record: PairRecord = record::read_json(&package.path("target/scalegate/ab.json")).unwrap();
    assert_eq!((record.random_layout, record.function_alignment), (false, Some(64)));
}

#[test]
fn a_side_that_cannot_be_compared_is_named() {
    let package = Package::committed();
    let said = code(&package.scalegate("ab v9"), 2);
    assert!(said.contains("v9: there is no such revision\n  help: name a commit"), "{said}");
    code(&package.scalegate("ab v9 --bisect"), 125);
    package.edit("src/lib.rs", "use ", "no Rust; use ");
    let said = code(&package.scalegate("ab"), 2);
    assert!(said.contains("head (working tree): cargo bench --no-run: the bench targets don't build"), "{said}");
    std::fs::remove_dir_all(package.path(".git")).unwrap();
    let said = code(&package.scalegate("ab"), 2);
    assert!(said.contains("run it in a git repository"), "{said}");
}
