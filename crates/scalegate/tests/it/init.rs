//! `scalegate init` in empty directories: what it writes and says, and that it replaces nothing.

use insta::assert_snapshot;
use scalegate::config::Config;

use crate::support::{Place, stderr, stdout};

/// What the command says, without the place of the sources.
fn said(place: &Place, options: &str) -> String {
    let mut command = place.command("init");
    let words = shlex::split(options).unwrap();
    stdout(&command.args(words).assert().success())
}

fn package(place: &Place, kind: &str) {
    let mut cargo = std::process::Command::new(env!("CARGO"));
    let made = cargo.args(["init", "--vcs", "none", "--name", "fresh", kind]).arg(place.path("")).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// A text with the sources of this package called SOURCES.
fn without_sources(text: &str) -> String {
    text.replace(env!("CARGO_MANIFEST_DIR"), "SOURCES")
}

#[test]
fn a_package_gets_a_bench_target_its_entries_a_configuration_and_a_workflow() {
    for kind in ["--lib", "--bin"] {
        let place = Place::new();
        package(&place, kind);
        let before = place.read("Cargo.toml");
        let message = said(&place, "");
        if kind == "--lib" {
            assert_snapshot!(message, @r#"
            wrote benches/scaling.rs
            added to Cargo.toml
            wrote scalegate.toml
            wrote .github/workflows/scaling.yml
            note: scalegate is not published yet: Cargo.toml names the sources that this command was built from. Before anybody else builds this, put their repository there: `scalegate = { git = "…", default-features = false }`
            note: .github/workflows/scaling.yml has OWNER and zeros: put in who publishes scalegate, and the commit that you trust

            Next:

                cargo bench
                scalegate accept --reason "the first run"
                scalegate check
            "#);
            let manifest = place.read("Cargo.toml");
            let addition = manifest.strip_prefix(&before).expect("what was there is there");
            assert_snapshot!(without_sources(addition), @r#"
            # Not published yet: the sources that the command `scalegate` was built from. Put their repository here (`git = …`).
            [dev-dependencies.scalegate]
            path = "SOURCES"
            default-features = false

            [[bench]]
            name = "scaling"
            harness = false
            "#);
        }
        // Cargo finds the target, and its own harness is off.
        let mut cargo = std::process::Command::new(env!("CARGO"));
        cargo.args(["metadata", "--no-deps", "--offline", "--format-version=1"]).current_dir(place.path(""));
        let metadata: serde_json::Value = serde_json::from_slice(&cargo.output().unwrap().stdout).unwrap();
        let targets = metadata["packages"][0]["targets"].as_array().unwrap();
        assert!(targets.iter().any(|target| target["kind"][0] == "bench" && target["name"] == "scaling"), "{metadata}");
        Config::parse(&place.path("scalegate.toml"), &place.read("scalegate.toml")).unwrap();
        // A second time changes nothing.
        let files = place.files(&[]);
        let again = said(&place, "");
        assert!(place.files(&[]) == files, "{again}");
        if kind == "--lib" {
            assert_snapshot!(again, @r#"
            kept, since it is there already: benches/scaling.rs
            kept, since it is there already: scalegate.toml
            kept, since it is there already: .github/workflows/scaling.yml

            Next:

                cargo bench
                scalegate accept --reason "the first run"
                scalegate check
            "#);
        }
    }
}

#[test]
fn the_configuration_that_is_written_has_the_defaults() {
    let place = Place::new();
    package(&place, "--lib");
    said(&place, "");
    let written = Config::parse(&place.path("scalegate.toml"), &place.read("scalegate.toml")).unwrap();
    let none = Config::parse(&place.path("scalegate.toml"), "").unwrap();
    assert_eq!((written.measure, written.gate, written.ab), (none.measure, none.gate, none.ab));
}

#[test]
fn a_directory_without_a_package_gets_a_program() {
    let place = Place::new();
    place.write("count.py", "import sys\nfor _ in range(int(sys.argv[1])): pass\n");
    assert_snapshot!(said(&place, "--program 'python3 count.py \"a b\" {size}'"), @r#"
    wrote scalegate.toml
    wrote .github/workflows/scaling.yml
    note: .github/workflows/scaling.yml has OWNER and zeros: put in who publishes scalegate, and the commit that you trust

    Next:

        scalegate run
        scalegate accept --reason "the first run"
        scalegate check
    "#);
    assert_snapshot!(place.read("scalegate.toml"), @r#"
    # What scalegate measures here, and how much may change.

    [[program]]
    name = "program/count"
    # What the size counts, and the sizes: six or more, over a range in which the cost grows well beyond that of starting the program.
    axis = { name = "items", sizes = [1e5, 2e5, 4e5, 8e5, 1.6e6, 3.2e6] }
    # The words are given to the program as they are: there is no shell. {size} stands for the size, {work} for a directory of its own.
    command = ["python3", "count.py", "a b", "{size}"]
    # What makes the input of a size, run once for each and not measured:
    # setup = ["python3", "make_input.py", "{size}", "{work}/input"]

    [measure]
    rounds = 40             # passes over all sizes, at most: starting a program varies, so that fewer may not decide
    measurement_ms = 100    # of each size in a round; at least one run

    # CPU time, memory and energy of the whole process tree are sampled with this section:
    # [resources]

    [gate]
    # Metrics without which there is no pass.
    required = ["wall_time"]
    "#);
    let other = Place::new();
    said(&other, "");
    for (place, name, words) in [(&place, "program/count", 4), (&other, "example/seq", 2)] {
        let config = Config::parse(&place.path("scalegate.toml"), &place.read("scalegate.toml")).unwrap();
        let programs: Vec<(&str, usize)> = config.programs.iter().map(|it| (&*it.name, it.command.len())).collect();
        assert_eq!(programs, [(name, words)]);
    }
}

#[test]
fn what_cannot_be_set_up_is_refused_and_nothing_is_written() {
    let refused = |place: &Place, words: &[&str]| {
        let before = place.files(&[]);
        let said = place.command("init").args(words).assert().code(2);
        assert!(place.files(&[]) == before);
        stderr(&said).replace(&place.path("").display().to_string(), "")
    };
    let place = Place::new();
    assert_snapshot!(refused(&place, &["--program", "python3 count.py"]), @"
    error: --program: it has no {size}, and so would cost the same at each
      help: write it as `python3 count.py {size}`, where {size} stands for each size
    ");
    assert_snapshot!(refused(&place, &["--program", "sh -c 'x {size}"]), @"
    error: --program: a quote has no end
      help: write it as `python3 count.py {size}`, where {size} stands for each size
    ");
    assert_snapshot!(refused(&place, &["--program", " "]), @"
    error: --program: it names no program
      help: write it as `python3 count.py {size}`, where {size} stands for each size
    ");
    place.write("scalegate.toml", "# mine\n");
    assert_snapshot!(refused(&place, &["--program", "seq {size}"]), @"
    error: scalegate.toml: it is there already, and nothing is added to it
      help: add the `[[program]]` to it by hand: docs/programs.md shows the form
    ");
    let workspace = Place::new();
    workspace.write("Cargo.toml", "[workspace]\n");
    assert_snapshot!(refused(&workspace, &[]), @"
    error: Cargo.toml: it is a workspace without a package
      help: run this in the directory of the package whose functions are to be measured
    ");
    let broken = Place::new();
    broken.write("Cargo.toml", "[package\n");
    assert_snapshot!(refused(&broken, &[]), @"
    error: Cargo.toml: unclosed table, expected `]`
      help: make it a manifest that `cargo check` takes
    ");
}

#[test]
fn a_part_of_a_repository_gets_no_workflow() {
    let place = Place::new();
    let git = |words: &[&str]| {
        let mut git = std::process::Command::new("git");
        assert!(git.args(words).current_dir(place.path("")).output().unwrap().status.success());
    };
    git(&["init", "-q"]);
    std::fs::create_dir(place.path("part")).unwrap();
    let part = || {
        let mut command = place.command("init");
        stdout(&command.current_dir(place.path("part")).assert().success())
    };
    let root = place.path("").canonicalize().unwrap().display().to_string();
    assert_snapshot!(part().replace(&root, "ROOT"), @r#"
    wrote scalegate.toml
    note: no workflow was written, since the repository begins at ROOT: let one of yours run `scalegate ci ab` in this directory

    Next:

        scalegate run
        scalegate accept --reason "the first run"
        scalegate check
    "#);
    assert!(!place.path("part/.github").exists() && !place.path(".github").exists());
}
