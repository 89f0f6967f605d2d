//! What `scalegate ab` is given by mistake: each ends with the place, the cause and the remedy, and a search skips it.

use std::process::Output;

use crate::package::{Package, code, ok};

/// The command line in the package, which has to fail with these words on standard error, and with 125 in a search.
#[track_caller]
fn refused(package: &Package, line: &str, expected: &str) {
    let said = code(&package.scalegate(line), 2);
    assert!(said.contains(expected), "{said}");
    code(&package.scalegate(&format!("{line} --bisect")), 125);
}

/// The command in a directory of the package.
fn scalegate_in(package: &Package, directory: &str, line: &str) -> Output {
    let mut command = package.command(env!("CARGO_BIN_EXE_scalegate"), line);
    command.current_dir(package.path(directory)).output().unwrap()
}

#[test]
fn what_is_wrong_before_anything_is_built_is_named() {
    let package = Package::committed();
    refused(&package, "ab v9", "v9: there is no such revision\n  help: name a commit, a branch or a tag");
    refused(&package, "ab --budget 0s", "invalid value '0s' for '--budget <TIME>': there is no time to measure in");
    refused(&package, "ab --budget soon", "invalid value 'soon' for '--budget <TIME>'");
    refused(&package, "ab --metric joules", "pairs are compared by wall_time and cpu_time");
    refused(&package, "ab --out /dev/null", "/dev/null: it is no regular file\n  help: name a file");

    package.write("scalegate.toml", "[ab]\nrounds = 3\n");
    refused(&package, "ab", "scalegate.toml:1: ab.rounds = 3 is not within 8 and 1000\n  help: change the value");
    package.write("scalegate.toml", "[ab]\nround = 30\n");
    refused(&package, "ab", "scalegate.toml:2: unknown field `round`");
    package.write("scalegate.toml", [0xff_u8]);
    refused(&package, "ab", "scalegate.toml: it is not UTF-8 text\n  help: make it a readable file");
    std::fs::remove_file(package.path("scalegate.toml")).unwrap();
    std::fs::create_dir(package.path("scalegate.toml")).unwrap();
    refused(&package, "ab", "scalegate.toml: it is no file\n  help: make it a readable file, or remove it");
    std::fs::remove_dir(package.path("scalegate.toml")).unwrap();

    std::fs::remove_dir_all(package.path(".git")).unwrap();
    refused(&package, "ab", "run it in a git repository, which has the base to compare with");
}

#[test]
fn a_shallow_clone_without_the_base_says_how_to_get_it() {
    let package = Package::committed();
    package.write("README.md", "second");
    package.commit("second");
    let origin = package.path("").display().to_string();
    package.git(&format!("clone --quiet --depth 1 file://{origin} target/clone"));
    let said = code(&scalegate_in(&package, "target/clone", "ab HEAD~1"), 2);
    let remedy = "help: this clone is shallow: get the rest with `git fetch --unshallow`";
    assert!(said.contains("HEAD~1: there is no such revision") && said.contains(remedy), "{said}");

    // As CI checks out a pull request.
    for line in ["checkout --quiet --detach", "branch --quiet --delete main", "remote remove origin"] {
        package.git(&format!("-C target/clone {line}"));
    }
    let said = code(&scalegate_in(&package, "target/clone", "ab"), 2);
    assert!(said.contains("the base: there is none of origin/main, ") && said.contains(remedy), "{said}");
}

#[test]
fn a_submodule_is_refused_before_anything_is_built() {
    let package = Package::committed();
    package.write("sub/file", "first");
    for line in ["-C sub init --quiet", "-C sub add file", "-C sub commit --quiet --message sub"] {
        package.git(line);
    }
    let message = "sub: it is a submodule, whose files are not checked out for a comparison";
    // Not yet committed, committed, and with an edit of its own.
    refused(&package, "ab HEAD", &format!("head: working tree: {message}"));
    package.commit("submodule");
    refused(&package, "ab HEAD HEAD~1", &format!("base: HEAD: {message}"));
    package.write("sub/file", "second");
    refused(&package, "ab HEAD~1", &format!("head: working tree: {message}"));
    assert!(package.git("status --porcelain").contains("sub"));
}

#[test]
fn a_side_that_cannot_be_built_or_has_nothing_to_measure_is_named() {
    let package = Package::committed();
    let manifest = package.read("Cargo.toml");
    let (library, _) = manifest.split_once("[[bench]]").unwrap();
    package.write("Cargo.toml", library);
    package.git("mv benches other");
    package.commit("library");
    package.git("tag library");
    package.git("rm --quiet -r src other Cargo.toml Cargo.lock");
    package.commit("empty");
    package.git("tag empty");
    package.git("checkout --quiet main~2");

    // Nor is the package of the working tree, which lies above the checkout, taken for the base.
    refused(&package, "ab empty", "base: empty: ./: there is no package: no `Cargo.toml` there or above");
    let expected =
        "base (library): this package: none of its bench targets is made with scalegate\n  help: name a revision";
    refused(&package, "ab library", expected);
    std::fs::create_dir(package.path("new")).unwrap();
    let said = code(&scalegate_in(&package, "new", "ab HEAD"), 2);
    assert!(
        said.contains("base: HEAD: ./new/: there is no such directory\n  help: run it in a directory that both"),
        "{said}"
    );
    package.edit("src/lib.rs", "use ", "no Rust; use ");
    refused(&package, "ab HEAD", "head (working tree): cargo bench --no-run: the bench targets don't build");
}

#[test]
fn sides_with_other_workloads_or_sizes_are_not_compared_there() {
    let package = Package::committed();
    let target = package.read("benches/scaling.rs");
    let sizes = "[4_000, 8_000, 16_000, 32_000, 64_000, 128_000]";
    package.edit("benches/scaling.rs", sizes, "[4_000, 8_000, 16_000, 32_000]");
    let said = code(&package.scalegate("ab --workload text/*"), 3);
    let expected = "sizes differ: 4000 8000 16000 32000 64000 128000 in the base, 4000 8000 16000 32000 in the head";
    assert!(said.contains(expected), "{said}");

    package.write("benches/scaling.rs", target.replace("text/count_words", "text/words"));
    let expected =
        "they have no workload in common: text/words is in the head alone, text/count_words is in the base alone";
    refused(&package, "ab --workload text/*", expected);
    refused(&package, "ab --workload nothing/*", "--workload nothing/*: no workload of this package matches");
    let output = package.scalegate("ab --workload text/* --workload keys/* --budget 1s --format json");
    assert!(matches!(output.status.code(), Some(0 | 3)), "{output:?}");
    let verdict: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = verdict["findings"].as_array().unwrap();
    assert!(!findings.is_empty() && findings.iter().all(|finding| finding["workload"] == "keys/neighbours"));
    let messages = String::from_utf8(output.stderr).unwrap();
    assert!(messages.contains("note: text/words is in the head alone: it is not compared"), "{messages}");
}

#[test]
fn a_program_that_does_not_answer_is_named() {
    let package = Package::committed();
    let target = package.read("benches/scaling.rs");
    // As one whose `main` ends before `run()`.
    package.edit(
        "benches/scaling.rs",
        "    scalegate::bench!",
        "    if true {\n        return ExitCode::SUCCESS;\n    }\n    scalegate::bench!",
    );
    let expected = "head (working tree): a bench target: the measured process ended without an answer\n  help: let the bench \
                    target depend on the scalegate of the command";
    refused(&package, "ab", expected);

    // As one that is older than `ab`: it says what it measures, and doesn't know what slices are.
    let older = "    let job = std::env::var(\"SCALEGATE_JOB\").map(|path| std::fs::read_to_string(path).unwrap());\n    \
                 if job.is_ok_and(|job| job.contains(\"slices\")) {\n        eprintln!(\"error: unknown variant `slices`\");\n        \
                 return ExitCode::from(2);\n    }\n    scalegate::bench!";
    package.write("benches/scaling.rs", target.replace("    scalegate::bench!", older));
    package.commit("older");
    package.write("benches/scaling.rs", &target);
    let said = code(&package.scalegate("ab HEAD"), 2);
    let expected = "the measured process ended with exit status: 2 and said:\nerror: unknown variant `slices`\n  help: if this \
                    revision's scalegate has no `ab`, name a later one";
    assert!(said.contains("error: base: ") && said.contains(expected), "{said}");

    // One size alone fails, after the others were prepared.
    package.write("benches/scaling.rs", &target);
    package.commit("newer");
    let words = "move || count_words(&text).len()";
    package.edit(
        "benches/scaling.rs",
        words,
        "move || { assert!(n < 16_000, \"too long\"); count_words(&text).len() }",
    );
    let said = code(&package.scalegate("ab HEAD --workload text/*"), 2);
    assert!(
        said.contains("error: head: text/count_words at size 16000: ") && said.contains("it panicked: too long"),
        "{said}"
    );
    assert!(said.contains("help: fix the routine"), "{said}");
}

/// A limit on the length of files stands for a disk that is full.
#[test]
fn a_full_disk_is_named_and_the_next_run_finds_all_in_order() {
    let package = Package::committed();
    let words = "ab --aa --workload text/* --budget 1s";
    let verdict = |output: &Output| assert!(matches!(output.status.code(), Some(0 | 3)), "{output:?}");
    verdict(&package.scalegate(words));
    for blocks in [0, 1, 64, 1024] {
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec {} {words}", env!("CARGO_BIN_EXE_scalegate"));
        let said = code(&package.command("bash", "-c").arg(script).output().unwrap(), 2);
        assert!(said.contains("error: ") && said.contains("help: "), "{blocks}: {said}");
        let left = std::fs::read_dir(package.path("target/scalegate/ab")).unwrap().flatten();
        let names: Vec<String> = left.map(|entry| entry.file_name().into_string().unwrap()).collect();
        assert!(!names.iter().any(|name| name.starts_with(".scalegate-")), "{names:?}");
    }
    verdict(&package.scalegate(words));
    assert_eq!(package.git("status --porcelain"), "");
    ok(&package.command("git", "fsck").output().unwrap());
}
