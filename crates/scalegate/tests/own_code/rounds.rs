//! `cargo bench` and `scalegate run`, `check` and `accept`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use scalegate::metric::Metric;
use scalegate::record::{self, Run};
use scalegate::workload::WorkloadName;

use crate::package::{Package, code, ok, plant_quadratic, text};

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
fn a_quick_run_takes_five_rounds_and_samples_nothing() {
    let package = Package::new();
    package.edit("scalegate.toml", "rounds = 3", "rounds = 8");
    package.write("scalegate.toml", package.read("scalegate.toml") + "[resources]\n");
    ok(&package.scalegate("run --quick --workload keys/*"));
    let run = package.record();
    let rounds = |metric| run.series("keys/neighbours", metric).map(scalegate::record::Series::n_rounds);
    assert_eq!(rounds(Metric::WallTime), Some(5));
    assert_eq!((rounds(Metric::HeapBytes), rounds(Metric::CpuAuc)), (Some(1), None));
    // Criterion's option of the same name is not meant.
    ok(&package.cargo("bench -- --quick neighbours"));
    let run = package.record();
    assert_eq!(run.series("keys/neighbours", Metric::WallTime).unwrap().n_rounds(), 5);
    assert!(run.series[0].samples.iter().all(|sample| !sample.values.is_empty()));
}

#[test]
fn a_budget_plans_rounds_and_never_fewer_than_decide() {
    let package = Package::new();
    package.write("scalegate.toml", package.read("scalegate.toml") + "[resources]\n");
    let rounds = || {
        let run = package.record();
        let series = run.series("keys/neighbours", Metric::WallTime).unwrap();
        (series.n_rounds(), series.looks.clone())
    };
    let run = |line: &str| {
        let output = package.scalegate(&format!("run --workload keys/* {line}"));
        ok(&output);
        text(&output.stderr)
    };
    // No time at all.
    let messages = run("--metric wall_time --metric cpu_time --budget 1ms");
    assert_eq!(rounds(), (3, vec![3]), "as many as are configured, since these are fewer than five");
    assert!(messages.contains("note: 3 rounds take longer than the budget, and fewer decide nothing\n"), "{messages}");
    assert!(messages.contains("note: CPU time, memory and energy are not sampled: that takes "), "{messages}");
    assert!(package.record().series("keys/neighbours", Metric::CpuTime).is_none());
    // More than enough, and nothing to compare with.
    let messages = run("--metric wall_time --budget 1h");
    assert_eq!(rounds(), (6, vec![5, 6]), "twice as many as are configured");
    assert!(messages.contains("6 of at most 6 rounds of keys/neighbours\n"), "{messages}");
    ok(&package.scalegate("accept --reason first"));
    let anything =
        "[gate.tolerance.wall_time]\ngrowth = 1e9\ncurvature_share = 1e9\nbreakpoint = 1e9\nslope_ratio = 1e9\n";
    package.write("scalegate.toml", package.read("scalegate.toml") + anything);
    let messages = run("--metric wall_time --budget 1h");
    assert!(messages.contains("5 of at most 6 rounds of keys/neighbours: every quantity is decided\n"), "{messages}");
    // What `cargo bench` starts takes it too.
    ok(&package.cargo("bench -- --budget 1ms neighbours"));
    assert_eq!(rounds().0, 3);
    let message = code(&package.cargo("bench -- --budget soon neighbours"), 2);
    assert!(message.contains("error: --budget soon: "), "{message}");
}

#[test]
fn a_size_that_takes_seconds_has_fewer_samples_and_the_others_all() {
    let package = Package::new();
    let slow = "move || { std::thread::sleep(std::time::Duration::from_millis(if n == 8_000 { 700 } else { 0 })); count_words(&text).len() }";
    package.edit("benches/scaling.rs", "move || count_words(&text).len()", slow);
    ok(&package.scalegate("run --workload text/count_words --metric wall_time --rounds 2"));
    let run = package.record();
    let samples = &run.series("text/count_words", Metric::WallTime).unwrap().samples;
    for sample in samples {
        if sample.size == 8_000 {
            assert!((1..10).contains(&sample.values.len()), "{}", sample.values.len());
            assert!(sample.values.iter().all(|seconds| *seconds >= 0.7), "{:?}", sample.values);
        } else {
            assert_eq!(sample.values.len(), 10, "{}", sample.size);
        }
    }
    assert_eq!(samples.iter().filter(|sample| sample.size == 8_000).count(), 2);
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
    // What was counted by function is beside it.
    let is_whole = |path: PathBuf| record::read_json::<Run>(&path).is_ok_and(|its| its == before);
    assert!(records.any(is_whole), "the earlier record is there, under its name or beside it");
}

#[test]
fn a_routine_that_aborts_is_named_with_its_size_and_few_words() {
    let package = Package::new();
    let at = "move || count_words(&text).len()";
    let aborts = "move || { if n == 16_000 { std::process::abort() } count_words(&text).len() }";
    package.edit("benches/scaling.rs", at, aborts);
    let message = code(&package.cargo("bench -- text"), 2);
    let (_, said) = message.split_once("error: text/count_words at size 16000: ").unwrap();
    assert!(said.starts_with("the measured process ended with signal: 6 (SIGABRT)"), "{message}");
    let (said, _) = said.split_once("help: fix the cause and rerun").unwrap();
    assert!(said.lines().count() < 30 && !said.contains("miss rate"), "{message}");
}

#[test]
fn a_process_with_threads_is_not_copied_and_counts_the_same() {
    let package = Package::new();
    package.count();
    let in_copies = instructions(&package);
    package.edit(
        "benches/scaling.rs",
        "fn main() -> ExitCode {\n",
        "fn main() -> ExitCode {\n    std::thread::spawn(std::thread::park);\n",
    );
    package.count();
    let in_own_processes = instructions(&package);
    assert_eq!(in_copies.len(), 6 + 8 + 6);
    for (one, other) in in_copies.iter().zip(&in_own_processes) {
        assert!((one - other).abs() <= 1e-3 * one, "{one} and {other}");
    }
}

/// The C library copies what is long by one instruction, which Valgrind counts once for every byte, unless it is told otherwise.
#[test]
fn a_long_copy_is_counted_by_vectors_and_not_by_bytes() {
    let package = Package::new();
    package.edit("benches/scaling.rs", "count_words(&text).len()", "std::hint::black_box(text.clone()).len()");
    ok(&package.scalegate("run --metric instructions --workload text/*"));
    let counts = instructions(&package);
    let [.., shorter, longer] = counts[..] else { panic!("{counts:?}") };
    let per_byte = (longer - shorter) / 64_000.0;
    assert!((0.01..0.25).contains(&per_byte), "{per_byte} of {counts:?}");
}

fn instructions(package: &Package) -> Vec<f64> {
    let run = package.record();
    let series = run.series.iter().filter(|series| series.metric == Metric::Instructions);
    series.flat_map(|series| series.samples.iter().flat_map(|sample| sample.values.clone())).collect()
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
