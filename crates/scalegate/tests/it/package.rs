//! A package under `scalegate run` that cannot be measured: place, cause and remedy are named, and the record stays.

use insta::assert_snapshot;
use scalegate::record::{self, Program};

use crate::support::{Place, RUN, TOKENS, line, rows, stderr, stdout};

const MANIFEST: &str = "[package]
name = \"own\"
version = \"1.0.0\"
edition = \"2024\"

[lib]
bench = false

[workspace]
";

const PLAIN_BENCH: &str = "
[[bench]]
name = \"plain\"
harness = false
";

/// A place with a record and its baselines.
fn accepted() -> Place {
    let place = Place::new();
    place.import(&rows("sort", "items", &TOKENS, 8, line));
    place.scalegate("accept --reason first").success();
    place
}

/// The same within a package; its bench target, if it has one, says if it was started.
fn package(bench: Option<&str>) -> Place {
    let place = accepted();
    place.write("Cargo.toml", format!("{MANIFEST}{}", bench.map_or("", |_| PLAIN_BENCH)));
    place.write("src/lib.rs", "");
    if let Some(bench) = bench {
        place.write("benches/plain.rs", bench);
    }
    place
}

/// What a command ends with, without what Cargo says of building and without the name of the directory.
fn said(place: &Place, line: &str, code: i32) -> String {
    let kept = |place: &Place| {
        let files = place.files(&[]).into_iter();
        let is_kept = |path: &std::path::Path| {
            let path = path.strip_prefix(place.path("")).unwrap();
            path.starts_with("baselines") || path.starts_with("target/scalegate")
        };
        files.filter(|(path, _)| is_kept(path)).collect::<Vec<_>>()
    };
    let before = kept(place);
    let mut command = place.command(line);
    // What Cargo gives the tests of a workspace is not what a user has.
    for variable in ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR", "CARGO_BUILD_TARGET", "RUSTFLAGS"] {
        command.env_remove(variable);
    }
    let assert = command.env("CARGO_NET_OFFLINE", "true").assert().code(code);
    assert!(kept(place) == before, "the record or a baseline was changed: {}", stderr(&assert));
    assert!(!place.path("started").exists(), "a bench target of others was started");
    let text = stderr(&assert);
    let last = text.rfind("\nerror: ").map_or(&*text, |start| &text[start + 1..]);
    let directory = place.path("").canonicalize().unwrap();
    last.replace(directory.to_str().unwrap(), "[directory]")
}

#[test]
fn outside_of_a_package_there_is_nothing_to_run() {
    assert_snapshot!(said(&accepted(), "run", 2), @"
    error: .: could not find `Cargo.toml` in `[directory]` or any parent directory
      help: run it in a directory with a `Cargo.toml`; records are judged anywhere if they are named
    ");
}

#[test]
fn a_package_without_bench_targets_has_nothing_to_run() {
    assert_snapshot!(said(&package(None), "run", 2), @"
    error: this package: none of its bench targets is made with scalegate
      help: add one, as docs/tutorial.md shows: a `[[bench]]` entry with `harness = false`, and `scalegate::bench!` in its `main`; or a `[[program]]` or a `[[server]]`, as docs/programs.md shows
    ");
}

#[test]
fn a_bench_target_that_is_not_made_with_scalegate_is_not_started() {
    let bench = "fn main() { std::fs::write(\"started\", \"\").unwrap(); }\n";
    let place = package(Some(bench));
    assert_snapshot!(said(&place, "run", 2), @"
    error: this package: none of its bench targets is made with scalegate
      help: add one, as docs/tutorial.md shows: a `[[bench]]` entry with `harness = false`, and `scalegate::bench!` in its `main`; or a `[[program]]` or a `[[server]]`, as docs/programs.md shows
    ");
    assert!(place.path("target/release").exists(), "it was built");
}

#[test]
fn a_bench_target_that_does_not_build_is_an_error() {
    assert_snapshot!(said(&package(Some("fn main() { nothing() }\n")), "run", 2), @"
    error: cargo bench --no-run: the bench targets don't build: it ended with exit status: 101
      help: fix what it said above, and rerun
    ");
}

#[test]
fn a_record_to_resume_has_to_be_there() {
    assert_snapshot!(said(&package(None), "run --resume --out none.json", 2), @"
    error: none.json: there is no record to resume
      help: start a run without `--resume`, or name the record with `--out`
    ");
}

#[test]
fn an_unknown_key_is_named_before_anything_is_built() {
    let place = package(Some("fn main() {}\n"));
    place.write("scalegate.toml", "[measure]\nrunds = 3\n");
    assert_snapshot!(said(&place, "run", 2), @"
    error: scalegate.toml:2: unknown field `runds`, expected one of `rounds`, `samples`, `warm_up_ms`, `measurement_ms`
      help: see docs/suite.md for the keys of a configuration
    ");
    assert!(!place.path("target/release").exists(), "nothing was built");
}

/// A place with a record of other sources than those of the package here, of a program or of an unknown one.
fn stale(has_program: bool) -> Place {
    let place = package(Some("fn main() {}\n"));
    let mut run = place.record();
    run.provenance.build.source = "0".repeat(64);
    if !has_program {
        run.provenance.build.rustc = "1.95.0".to_owned();
    }
    run.provenance.program = has_program.then(|| Program {
        package: "own".to_owned(),
        version: "1.0.0".to_owned(),
        revision: None,
        dirty: None,
        configuration: "0".repeat(64),
        executables: [("plain".to_owned(), "0".repeat(64))].into(),
    });
    record::write_json(&place.path(RUN), &run).unwrap();
    place
}

#[test]
fn a_record_of_other_sources_is_not_comparable_with_the_tree() {
    let place = stale(true);
    assert_snapshot!(said(&place, "check", 3), @"
    not comparable with the tree: target/scalegate/run.json: the sources were edited since it was measured; the configuration was changed since it was measured
      help: measure again with `scalegate run`, or name the record to have it judged as it is: `scalegate check target/scalegate/run.json`
    ");
    assert_eq!(said(&place, "check --bisect", 125), said(&place, "check", 3));
    assert_snapshot!(said(&stale(false), "check", 3), @"
    not comparable with the tree: target/scalegate/run.json: the record does not say which sources it measured
      help: measure again with `scalegate run`, or name the record to have it judged as it is: `scalegate check target/scalegate/run.json`
    ");
}

#[test]
fn a_record_that_is_named_is_judged_as_it_is() {
    assert_snapshot!(stdout(&stale(true).scalegate(&format!("check {RUN}")).code(0)), @"
    PASS: of 3 quantities, 3 within tolerance

    pass  sort wall_time: class, growth, curvature share

    note: wall_time of sort: absolute costs are left to shapes, counts and pairs (the largest change: slope of sort: +0.0 %, between -34.6 % and +52.8 %); the baseline is one run, which does not show how runs differ: `scalegate ab` compares two revisions in pairs, and `scalegate accept` of more runs sees finer
    ");
}
