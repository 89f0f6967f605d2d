//! `git bisect run scalegate ab GOOD --bisect`.

use crate::package::{Package, ok, plant_quadratic, text};

/// What is tested is the search: a change of a fifth is none here, so that a few rounds decide.
const COARSE: &str =
    "[ab.tolerance.wall_time]\nslope = 0.2\ncost = 0.2\nlevel = 0.2\ngrowth = 0.2\ncurvature_share = 0.2\n";

/// The commit that does not build, which git takes first as the one in the middle.
const BROKEN: u32 = 4;
const QUADRATIC: u32 = 6;
const COMMITS: u32 = 8;

#[test]
fn a_search_names_the_commit_that_is_slower_and_skips_what_does_not_build() {
    let package = Package::played();
    package.write("scalegate.toml", COARSE);
    package.commit("good");
    package.git("tag good");
    for number in 1..=COMMITS {
        if number == QUADRATIC {
            plant_quadratic(&package);
        }
        let sources = package.read("src/lib.rs");
        let broken = if number == BROKEN { "no Rust;" } else { "" };
        package.write("src/lib.rs", format!("{sources}{broken}\n// Commit {number}.\n"));
        package.commit(&number.to_string());
        package.write("src/lib.rs", sources);
    }
    package.git("checkout --quiet -- .");
    package.git("bisect start HEAD good");
    let run = format!("bisect run {} ab good --bisect --workload text/* --budget 10s", env!("CARGO_BIN_EXE_scalegate"));
    let searched = package.command("git", &run).output().unwrap();
    let said = format!("{}{}", ok(&searched), text(&searched.stderr));
    let log = package.git("bisect log");
    assert!(log.contains(&format!("# skip: [{}] {BROKEN}", hash(&package, BROKEN))), "{log}\n{said}");
    assert!(log.contains(&format!("# first bad commit: [{}] {QUADRATIC}", hash(&package, QUADRATIC))), "{log}\n{said}");
}

fn hash(package: &Package, commit: u32) -> String {
    package.git(&format!("rev-parse main~{}", COMMITS - commit)).trim().to_owned()
}
