//! A bench target as `cargo bench` starts it: what it writes, what it prints, and what it leaves alone.

use std::collections::BTreeSet;

use scalegate::record::{self, Run};
use scalegate::suite::Axis;

use crate::support::{Place, stderr, stdout};

fn workloads(run: &Run) -> Vec<&str> {
    run.series.iter().map(|series| series.workload.as_str()).collect()
}

#[test]
fn a_run_records_every_size_in_every_round() {
    let place = Place::with_suite("");
    place.bench("llm", "").success();
    let run = place.record();
    assert_eq!(workloads(&run), ["llm/decode", "llm/prefill"]);
    for series in &run.series {
        assert_eq!((series.axis, series.unit.as_str()), (Axis::Tokens, "s"));
        assert_eq!(series.sizes(), BTreeSet::from([4, 8, 16, 32]));
        assert_eq!(series.samples.iter().map(|sample| sample.round).collect::<BTreeSet<_>>(), BTreeSet::from([0, 1]));
        assert_eq!(series.samples.len(), 8, "one entry per size and round");
        assert!(series.samples.iter().all(|sample| sample.values.len() == 10), "Criterion's samples are kept raw");
    }
    let left = std::fs::read_dir(place.path("target/scalegate")).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(left.collect::<BTreeSet<_>>(), BTreeSet::from(["models".into(), "run.json".into()]), "no scratch");
}

#[test]
fn a_run_prints_one_line_per_law_and_no_round() {
    let place = Place::with_suite("");
    let assert = place.bench("vlm", "").success();
    let (text, messages) = (stdout(&assert), stderr(&assert));
    for workload in ["vlm/preprocess", "vlm/encode"] {
        let is_its = |line: &&str| line.split_whitespace().take(2).eq([workload, "wall_time"]);
        let laws: Vec<&str> = text.lines().filter(is_its).collect();
        assert_eq!(laws.len(), 1, "one law: {text}");
        // Times that were really measured may follow no law on a busy machine.
        assert!(laws[0].contains(']') || laws[0].contains("no law"), "with its interval: {text}");
    }
    assert!(text.contains("vlm/encode, vlm/preprocess wall_time: not shown to match its baseline\n"), "{text}");
    assert!(
        !text.contains("Benchmarking") && !text.contains("time:   ["),
        "Criterion's own lines are not shown: {text}"
    );
    assert_eq!(messages, "", "nothing went wrong, so that nothing is said of it");
}

#[test]
fn the_laws_of_a_record_are_fitted_again_by_the_binary() {
    let place = Place::with_suite("");
    let printed = stdout(&place.bench("llm", "llm/decode").success());
    // Times that were really measured may follow no law on a busy machine.
    let fitted = stdout(&place.scalegate("fit").code(vec![0, 3]));
    assert!(printed.trim_start().starts_with(fitted.trim_end()), "{printed}\n{fitted}");
}

#[test]
fn a_filter_measures_only_what_it_matches() {
    let place = Place::with_suite("");
    place.bench("llm", "llm/decode").success();
    assert_eq!(workloads(&place.record()), ["llm/decode"]);
}

#[test]
fn a_filter_that_matches_nothing_leaves_the_record_alone() {
    let place = Place::with_earlier_run("");
    let before = place.files();
    assert_eq!(stdout(&place.bench("llm", "llm/nothing").success()), "");
    assert!(place.files() == before);
}

#[test]
fn list_names_the_benchmarks_and_measures_nothing() {
    let place = Place::with_earlier_run("");
    let before = place.files();
    let assert = place.bench("llm", "--list").success();
    let text = stdout(&assert);
    assert!(text.lines().any(|line| line == "llm/decode/16: benchmark"), "{text}");
    assert_eq!(text.lines().filter(|line| line.ends_with(": benchmark")).count(), 8, "{text}");
    assert!(!stderr(&assert).contains("Warning"), "{}", stderr(&assert));
    assert!(place.files() == before);
}

#[test]
fn test_mode_runs_every_benchmark_once_and_records_nothing() {
    let place = Place::with_earlier_run("");
    let before = place.files();
    let text = stdout(&place.bench("vlm", "--test").success());
    assert_eq!(text.lines().filter(|line| *line == "Success").count(), 8, "{text}");
    assert!(text.contains("Testing vlm/encode/3136"), "{text}");
    assert!(place.files() == before);
}

#[test]
fn the_variables_of_scalegate_run_choose_workloads_rounds_and_record() {
    let place = Place::with_earlier_run("");
    let earlier = place.files();
    let variables = [
        ("SCALEGATE_WORKLOADS", "llm/de*,vlm/*"),
        ("SCALEGATE_ROUNDS", "3"),
        ("SCALEGATE_OUT", "elsewhere/shard.json"),
    ];
    place.bench_with("llm", "", &variables).success();
    let run: Run = record::read_json(&place.path("elsewhere/shard.json")).unwrap();
    assert_eq!(workloads(&run), ["llm/decode"]);
    assert_eq!(run.series[0].samples.iter().map(|sample| sample.round).max(), Some(2));
    assert!(earlier.iter().all(|(path, content)| place.files().get(path) == Some(content)), "the default one stays");
}

#[test]
fn a_target_without_a_wanted_workload_or_metric_measures_nothing() {
    let place = Place::with_earlier_run("");
    let before = place.files();
    place.bench_with("llm", "", &[("SCALEGATE_WORKLOADS", "vlm/*")]).success();
    place.bench_with("llm", "", &[("SCALEGATE_METRICS", "instructions")]).success();
    assert!(place.files() == before);
}

#[test]
fn a_variable_that_makes_no_sense_is_refused_by_name() {
    let place = Place::with_earlier_run("");
    let before = place.files();
    for (name, value, cause) in [
        ("SCALEGATE_ROUNDS", "many", "`many` is not a number of rounds"),
        ("SCALEGATE_ROUNDS", "1", "a spread needs at least 2"),
        ("SCALEGATE_METRICS", "wall_clock", "`wall_clock` is not a metric"),
        ("SCALEGATE_WORKLOADS", "llm/[", "--workload llm/["),
    ] {
        let message = stderr(&place.bench_with("llm", "", &[(name, value)]).code(2));
        assert!(message.contains(cause) && message.contains("\n  help: "), "{message}");
    }
    assert!(place.files() == before);
}

#[test]
fn an_option_that_criterion_does_not_know_is_refused_in_its_words() {
    let place = Place::with_earlier_run("");
    let before = place.files();
    let message = stderr(&place.bench("llm", "--no-such-option").code(2));
    assert!(message.contains("unexpected argument '--no-such-option'"), "{message}");
    assert!(message.contains("help: mend the cause and measure again"), "{message}");
    assert!(place.files() == before);
}

#[test]
fn a_target_directory_that_cannot_be_written_is_named() {
    let place = Place::with_earlier_run("");
    std::fs::remove_dir_all(place.path("target")).unwrap();
    // A file where a directory has to be stops root as well, whom permissions would not.
    place.write("target", "not a directory");
    let message = place.refused("llm", "");
    assert!(message.starts_with("error: target/scalegate/run.json: "), "{message}");
    assert!(message.contains("help: check that the directory exists, is writable"), "{message}");
}

#[test]
fn a_record_that_could_not_be_written_is_refused_before_anything_is_measured() {
    let place = Place::with_suite("");
    for (out, cause) in [("suite.toml/run.json", "suite.toml/run.json: "), (".", ".: it is a directory")] {
        let message = stderr(&place.bench_with("llm", "", &[("SCALEGATE_OUT", out)]).code(2));
        assert!(message.starts_with(&format!("error: {cause}")) && message.contains("\n  help: "), "{message}");
    }
    assert!(!place.path("target").exists(), "not even a model was written");
}

#[cfg(unix)]
#[test]
fn ctrl_c_in_a_round_ends_the_run_and_leaves_nothing_behind() {
    use std::process::{Command, Stdio};
    use std::time::Duration;

    let place = Place::with_earlier_run("");
    // Long enough that the signal comes while the first round measures, however slow the machine is.
    place.write("suite.toml", place.read("suite.toml").replace("measurement_ms = 5", "measurement_ms = 20000"));
    let before = place.files();
    let mut run = place.bench_command("llm", "").stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let target = place.path("target/scalegate");
    let is_measuring = || target.read_dir().unwrap().flatten().any(|entry| entry.path().join("round-0").exists());
    while !is_measuring() {
        assert_eq!(run.try_wait().unwrap(), None, "the run ended before its first round");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(Command::new("kill").args(["-INT", &run.id().to_string()]).status().unwrap().success());
    let output = run.wait_with_output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{message}");
    assert!(message.starts_with("error: interrupted: Ctrl-C ended the run\n  help: start it again"), "{message}");
    assert!(place.files() == before, "the earlier record is whole, and no scratch directory is left");
}
