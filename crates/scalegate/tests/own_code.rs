//! Somebody else's package under the gate: `examples/own-code`, copied, edited and measured as its owner would.
//!
//! Only counts and files are asserted, and no time.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use scalegate::record::{self, PairRecord, Run};
use scalegate::workload::WorkloadName;
use scalegate_testing::Place;

/// Rounds that take a second.
const SHORT: &str = "[measure]\nrounds = 3\nsamples = 10\nwarm_up_ms = 1\nmeasurement_ms = 2\n\
                     [gate]\nrequired = [\"instructions\", \"heap_bytes\"]\n";

/// A copy of the package. Its dependencies are built once for all tests; and since Cargo gives copies in several places one name for
/// their executables, there is one copy at a time.
struct Package {
    place: Place,
    _alone: MutexGuard<'static, ()>,
}

impl Deref for Package {
    type Target = Place;

    fn deref(&self) -> &Place {
        &self.place
    }
}

impl Package {
    fn new() -> Self {
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let package = Self { place: Place::new(env!("CARGO_BIN_EXE_scalegate")), _alone: alone };
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/own-code");
        for name in ["Cargo.toml", "Cargo.lock", "src/lib.rs", "benches/scaling.rs"] {
            package.write(name, std::fs::read_to_string(own.join(name)).unwrap());
        }
        package.edit("Cargo.toml", "../../crates/scalegate", env!("CARGO_MANIFEST_DIR"));
        package.write("scalegate.toml", SHORT);
        package
    }

    /// A program with the words of `line`, ready to start in the package.
    fn command(&self, program: &str, line: &str) -> Command {
        let mut command = self.start(Path::new(program), line);
        command.env("CARGO_TARGET_DIR", target());
        command
    }

    fn cargo(&self, line: &str) -> Output {
        self.command(env!("CARGO"), line).output().unwrap()
    }

    fn scalegate(&self, line: &str) -> Output {
        self.command(env!("CARGO_BIN_EXE_scalegate"), line).output().unwrap()
    }

    /// Counts instructions and heap, which takes a second and does not depend on what else the machine does.
    fn count(&self) {
        ok(&self.scalegate("run --metric instructions --metric heap_bytes"));
    }

    fn record(&self) -> Run {
        record::read_json(&self.path("target/scalegate/run.json")).unwrap()
    }

    fn workloads(&self) -> BTreeSet<WorkloadName> {
        self.record().series.into_iter().map(|series| series.workload).collect()
    }

    /// The executable of the bench target, as Cargo has just built it.
    fn executable(&self, target: &str) -> PathBuf {
        let output = self.cargo(&format!("bench --no-run --bench {target} --message-format=json"));
        let text = ok(&output);
        let artifact = text.lines().rev().find_map(|line| {
            let message: serde_json::Value = serde_json::from_str(line).ok()?;
            (message["target"]["name"] == target).then(|| message["executable"].as_str().map(PathBuf::from)).flatten()
        });
        artifact.unwrap()
    }
}

/// Where the package is built: its dependencies once for all tests.
fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("own-code")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[track_caller]
fn ok(output: &Output) -> String {
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

#[track_caller]
fn code(output: &Output, expected: i32) -> String {
    let all = format!("{}{}", text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(expected), "{all}");
    all
}

/// An accidental quadratic: for each word a sixty-fourth of those before it is looked at again.
fn plant_quadratic(package: &Package) {
    let count = "        *counts.entry(word).or_default() += 1;\n";
    let again = "        seen += 1;\n        (0..seen / 64).for_each(|before| drop(std::hint::black_box(before)));\n";
    package.edit("src/lib.rs", count, &format!("{again}{count}"));
    let counts = "    let mut counts = HashMap::new();\n";
    package.edit("src/lib.rs", counts, &format!("{counts}    let mut seen = 0_usize;\n"));
}

#[test]
fn the_road_from_a_first_run_to_a_regression_and_back() {
    let package = Package::new();
    package.count();
    ok(&package.scalegate("fit"));
    ok(&package.scalegate("accept --reason first"));
    let verdict = code(&package.scalegate("check"), 0);
    assert!(verdict.starts_with("PASS"), "{verdict}");

    let sources = package.read("src/lib.rs");
    plant_quadratic(&package);
    package.count();
    let verdict = code(&package.scalegate("check"), 1);
    assert!(verdict.starts_with("REGRESSED") && verdict.contains("text/count_words instructions"), "{verdict}");
    assert!(!verdict.contains("regressed  signal/spectrum"), "{verdict}");
    package.write("src/lib.rs", &sources);

    // A fifth more work at every size: every fifth block is transformed, turned back, and transformed again.
    let once = "            let (low, high) = block.split_at_mut(half);\n";
    let more = "            if std::hint::black_box(half) % 5 == 1 {\n                block.reverse();\n                block.reverse();\n            }\n";
    package.edit("src/lib.rs", once, &format!("{more}{once}"));
    package.count();
    let verdict = code(&package.scalegate("check"), 1);
    assert!(verdict.contains("regressed  signal/spectrum instructions"), "{verdict}");
    package.edit("src/lib.rs", more, "");

    // Another name, and a comment.
    package.edit("src/lib.rs", "    let close = ", "    // One of them is the key itself.\n    let near = ");
    package.edit("src/lib.rs", "close(*key)", "near(*key)");
    package.count();
    let verdict = code(&package.scalegate("check"), 0);
    assert!(verdict.starts_with("PASS"), "{verdict}");
}

#[test]
fn an_edit_between_two_bench_targets_leaves_no_series_of_the_old_program() {
    let package = Package::new();
    package.edit("Cargo.toml", "[[bench]]", "[[bench]]\nname = \"other\"\nharness = false\n\n[[bench]]");
    let target = package.read("benches/scaling.rs");
    let other = target.replace("\"scaling\"", "\"other\"").replace("keys/", "other/").replace("signal/", "other/");
    package.write("benches/other.rs", other.replace("text/", "other/"));

    ok(&package.cargo("bench --bench scaling -- neighbours"));
    ok(&package.cargo("bench --bench other -- neighbours"));
    assert_eq!(
        package.workloads(),
        ["keys/neighbours", "other/neighbours"].map(WorkloadName::from).into(),
        "one program"
    );

    package.edit("src/lib.rs", ".count() - 1;", ".count() - std::hint::black_box(1);");
    let output = package.cargo("bench --bench other -- neighbours");
    ok(&output);
    assert_eq!(package.workloads(), ["other/neighbours"].map(WorkloadName::from).into());
    let messages = text(&output.stderr);
    assert!(messages.contains("a new record is started") && messages.contains("build.source: "), "{messages}");
    let kept = std::fs::read_dir(package.path("target/scalegate")).unwrap().map(|entry| entry.unwrap().path());
    let kept: Vec<PathBuf> = kept.filter(|path| path.to_string_lossy().contains("run.20")).collect();
    let earlier: Run = record::read_json(&kept[0]).unwrap();
    assert_eq!((kept.len(), earlier.series.iter().any(|series| series.workload == "keys/neighbours")), (1, true));
}

#[test]
fn a_record_of_other_sources_or_of_another_configuration_is_not_comparable_with_the_tree() {
    let package = Package::new();
    package.count();
    ok(&package.scalegate("accept --reason first"));
    code(&package.scalegate("check"), 0);

    let sources = package.read("src/lib.rs");
    plant_quadratic(&package);
    let message = code(&package.scalegate("check"), 3);
    assert!(
        message.contains("not comparable with the tree") && message.contains("the sources were edited"),
        "{message}"
    );
    code(&package.scalegate("check --bisect"), 125);
    let message = code(&package.scalegate("check target/scalegate/run.json"), 0);
    assert!(message.starts_with("PASS"), "a record that is named is judged as it is: {message}");

    package.write("src/lib.rs", &sources);
    code(&package.scalegate("check"), 0);
    package.edit("scalegate.toml", "rounds = 3", "rounds = 4");
    let message = code(&package.scalegate("check"), 3);
    assert!(message.contains("the configuration was changed"), "{message}");
    package.edit("scalegate.toml", "rounds = 4", "rounds = 3 # as before");
    package.edit("scalegate.toml", "[gate]\n", "[gate]\nalpha = 0.002\n");
    code(&package.scalegate("check"), 0);
}

#[test]
fn a_program_that_is_older_than_its_sources_measures_nothing() {
    let package = Package::new();
    let program = package.executable("scaling");
    // Files have times of a few milliseconds' resolution.
    std::thread::sleep(Duration::from_millis(50));
    package.edit("src/lib.rs", ".count() - 1;", ".count() - 2;");
    let output = package.command(&program.to_string_lossy(), "--bench").output().unwrap();
    let message = code(&output, 2);
    assert!(message.contains("src/lib.rs: it was edited after the bench target scaling was built"), "{message}");
    assert!(message.contains("help: run `cargo bench` again"), "{message}");
    assert!(!package.path("target/scalegate/run.json").exists());
}

#[test]
fn a_routine_that_panics_is_named_with_its_size_and_the_earlier_record_is_kept() {
    let package = Package::new();
    package.count();
    let before = package.record();
    let at = "move || count_words(&text).len()";
    package.edit("benches/scaling.rs", at, "move || { assert!(n < 16_000, \"too long\"); count_words(&text).len() }");
    for line in ["bench", "bench -- text"] {
        let message = code(&package.cargo(line), 2);
        assert!(message.contains("error: text/count_words at size "), "{message}");
        assert!(message.contains("it panicked: too long") && message.contains("help: fix the routine"), "{message}");
    }
    let files = std::fs::read_dir(package.path("target/scalegate")).unwrap().map(|entry| entry.unwrap().path());
    let mut records = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    let is_whole = |path: PathBuf| record::read_json::<Run>(&path).unwrap() == before;
    assert!(records.any(is_whole), "the earlier record is there, under its name or beside it");
}

#[test]
fn a_workload_without_sizes_is_refused_before_anything_is_measured() {
    let package = Package::new();
    package.edit("benches/scaling.rs", "[100, 200, 400, 800, 1_600, 3_200]", "[]");
    let message = code(&package.cargo("bench"), 2);
    let expected = "error: bench target scaling, workload `keys/neighbours`: it has no sizes\n  help: list the sizes";
    assert!(message.contains(expected), "{message}");
    assert!(!package.path("target/scalegate/run.json").exists());
}

/// Kills a run at twenty moments. What was in the record a moment before is in it afterwards, baselines are as they were, and no
/// process is left.
#[cfg(target_os = "linux")]
#[test]
fn kill_9_loses_no_finished_round_and_leaves_no_process() {
    use std::process::Stdio;
    use std::time::Instant;

    use scalegate::metric::Metric;

    let package = Package::new();
    package.edit("scalegate.toml", "rounds = 3", "rounds = 40");
    package.count();
    ok(&package.scalegate("accept --reason first"));
    let baselines = files(&package.path("baselines"));
    // Rounds alone, so that most of the twenty moments are within them.
    let only_rounds = "scalegate::bench!(\"scaling\").instruments([scalegate::Instrument::Clock])";
    package.edit("benches/scaling.rs", "scalegate::bench!(\"scaling\")", only_rounds);
    let program = package.executable("scaling");
    ok(&package.command(&program.to_string_lossy(), "--bench neighbours").output().unwrap());
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut most = 0;
    for _ in 0..20 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let pause = Duration::from_millis(100 + (random >> 33) % 1_500);
        let mut run = package
            .command(&program.to_string_lossy(), "--bench neighbours")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(pause);
        let before = package.record();
        run.kill().unwrap();
        run.wait().unwrap();
        let after = package.record();
        for series in &before.series {
            let kept = after.series(&series.workload, series.metric).unwrap();
            let rounds = |series: &record::Series| series.n_rounds();
            // A run that began meanwhile starts its series anew.
            let is_later = kept.measured >= series.measured;
            assert!(is_later && (rounds(kept) >= rounds(series) || kept.measured > series.measured), "{series:?}");
        }
        most = most.max(after.series("keys/neighbours", Metric::WallTime).map_or(0, record::Series::n_rounds));
        assert!(files(&package.path("baselines")) == baselines);
    }
    assert!(most > 0, "not one round was complete in twenty runs");
    let deadline = Instant::now() + Duration::from_secs(20);
    while processes_of(&program) > 0 {
        assert!(Instant::now() < deadline, "a measuring process outlived its driver");
        std::thread::sleep(Duration::from_millis(20));
    }

    // Where a run was ended, the record says that more was planned, and a run resumes it.
    let partial = package.record();
    let series = partial.series("keys/neighbours", Metric::WallTime).unwrap();
    assert!(series.n_rounds() == series.max_rounds() || series.max_rounds() == 40, "{series:?}");
    ok(&package.scalegate("run --workload keys/neighbours --metric wall_time --resume"));
    let whole = package.record();
    let resumed = whole.series("keys/neighbours", Metric::WallTime).unwrap();
    assert_eq!(resumed.samples[..series.samples.len()], series.samples, "they are not measured again");
    assert!(resumed.n_rounds() > series.n_rounds() || series.n_rounds() == 40);
}

#[cfg(target_os = "linux")]
fn processes_of(program: &Path) -> usize {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries.filter(|entry| std::fs::read_link(entry.path().join("exe")).is_ok_and(|exe| exe == program)).count()
}

#[cfg(target_os = "linux")]
fn files(directory: &Path) -> std::collections::BTreeMap<PathBuf, Vec<u8>> {
    walkdir::WalkDir::new(directory)
        .into_iter()
        .flatten()
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| (entry.path().to_path_buf(), std::fs::read(entry.path()).unwrap()))
        .collect()
}

/// Git in the package, with a name of its own for what it commits.
fn git(package: &Package, line: &str) {
    let mut git = package.command("git", "-c user.name=test -c user.email=test@localhost");
    ok(&git.args(line.split_whitespace()).output().unwrap());
}

/// A repository with one commit, in which the sources are those of the example.
fn committed() -> Package {
    let package = Package::new();
    package.write(".gitignore", "target\n");
    git(&package, "init --quiet --initial-branch main");
    git(&package, "add --all");
    git(&package, "commit --quiet --message base");
    package
}

#[test]
fn pairs_name_what_an_edit_made_slower_and_leave_the_repository_as_it_is() {
    let package = committed();
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
    assert!(series.pairs.len() >= 10 && series.controls.len() >= 3);
    assert_ne!(record.base.executables, record.head.executables);
    let places = std::fs::read_dir(package.path("target/scalegate/ab")).unwrap();
    let names: BTreeSet<String> = places.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(names, ["base", "head", "lock", "target", "tree", "tree.index"].map(str::to_owned).into());
}

#[test]
fn a_side_that_cannot_be_compared_is_named() {
    let package = committed();
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
