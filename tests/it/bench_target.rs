//! A bench target as `cargo bench` starts it: what it writes, what it prints, and what it leaves alone.

use std::collections::BTreeSet;

use scalegate::Axis;
use scalegate::record::{self, Run};

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
        assert_eq!((&series.axis, series.unit.as_str()), (&Axis::TOKENS, "s"));
        assert_eq!(series.sizes(), BTreeSet::from([4, 8, 16, 32]));
        assert_eq!(series.samples.iter().map(|sample| sample.round).collect::<BTreeSet<_>>(), BTreeSet::from([0, 1]));
        assert_eq!(series.samples.len(), 8, "one entry per size and round");
        assert!(series.samples.iter().all(|sample| sample.values.len() == 10), "Criterion's samples are kept raw");
        let tokens = |size| if series.workload.phase() == "decode" { 1 } else { size };
        assert_eq!(series.tokens, [4, 8, 16, 32].map(|size| (size, tokens(size))).into());
    }
    let left = std::fs::read_dir(place.path("target/scalegate")).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(left.collect::<BTreeSet<_>>(), BTreeSet::from(["models".into(), "run.json".into()]), "no scratch");
}

/// Whether a row tells what law a cost follows, or that none fits.
pub(crate) fn has_law(row: &str) -> bool {
    ["constant", "linear", "n log n", "quadratic", "knee", "staircase", "no law"]
        .iter()
        .any(|words| row.contains(words))
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
        // Times that were really measured may follow any law on a busy machine, and none.
        assert!(has_law(laws[0]), "{text}");
    }
    assert!(text.contains("NO BASELINE: these are the laws as measured; nothing was compared\n"), "{text}");
    assert!(
        !text.contains("Benchmarking") && !text.contains("time:   ["),
        "Criterion's own lines are not shown: {text}"
    );
    assert_eq!(messages, "", "nothing went wrong, so that nothing is said of it");
}

#[test]
fn the_laws_of_a_record_are_fitted_again_by_the_binary() {
    let place = Place::with_suite("");
    let printed = stdout(&place.bench("llm", "--verbose llm/decode").success());
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

#[cfg(unix)]
#[test]
fn scalegate_run_chooses_workloads_rounds_and_record() {
    let place = Place::with_earlier_run("");
    let earlier = place.files();
    let line = "--workload llm/de* --workload vlm/* --metric wall_time --rounds 3 --out elsewhere/shard.json";
    place.run(&["llm", "vlm"], line).success();
    let run: Run = record::read_json(&place.path("elsewhere/shard.json")).unwrap();
    assert_eq!(workloads(&run), ["llm/decode", "vlm/encode", "vlm/preprocess"]);
    assert_eq!(run.series[0].samples.iter().map(|sample| sample.round).max(), Some(2));
    assert!(earlier.iter().all(|(path, content)| place.files().get(path) == Some(content)), "the default one stays");
}

#[cfg(unix)]
#[test]
fn a_target_without_a_wanted_workload_or_metric_measures_nothing() {
    let place = Place::with_earlier_run("");
    let before = place.files();
    place.run(&["llm"], "--metric instructions").success();
    assert!(place.files() == before);
    place.run(&["llm", "vlm"], "--workload vlm/encode --out vlm.json").success();
    let run: Run = record::read_json(&place.path("vlm.json")).unwrap();
    assert_eq!(workloads(&run), ["vlm/encode"]);
}

#[cfg(unix)]
#[test]
fn a_choice_that_makes_no_sense_is_refused() {
    let place = Place::with_earlier_run("");
    let before = place.files();
    let refused = |line: &str| stderr(&place.run(&["llm", "vlm"], line).code(2));
    insta::assert_snapshot!(refused("--rounds many"), @"
    error: invalid value 'many' for '--rounds <N>': invalid digit found in string

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(refused("--rounds 1"), @"
    error: invalid value '1' for '--rounds <N>': 1 is not in 2..=4294967295

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(refused("--metric wall_clock"), @"
    error: invalid value 'wall_clock' for '--metric <METRIC>': `wall_clock` is not a metric; there are wall_time, cpu_time, instructions, instructions_hw, heap_bytes, heap_blocks, d1_misses, ll_misses, branches, cpu_auc, rss_auc, peak_rss, energy, utilisation, mean_power, tokens_per_joule, perplexity

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(refused("--workload llm/["), @"
    error: --workload llm/[: invalid range pattern
      help: give a name or a glob such as `llm/*`
    ");
    insta::assert_snapshot!(refused("--workload llm/nothing*"), @"
    error: --workload llm/nothing*: no workload of this package matches
      help: choose among llm/decode, llm/prefill, vlm/encode, vlm/preprocess
    ");
    assert!(place.files() == before);
}

#[test]
fn an_option_that_criterion_does_not_know_is_refused_in_its_words() {
    let place = Place::with_earlier_run("");
    let before = place.files();
    let message = stderr(&place.bench("llm", "--no-such-option").code(2));
    // The name of the program is another one after each change of the sources.
    let lines: Vec<&str> = message.lines().filter(|line| !line.starts_with("Usage: ")).collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    error: round 1: the measured process ended with exit status: 2 and said:
    error: unexpected argument '--no-such-option' found

      tip: to pass '--no-such-option' as a value, use '-- --no-such-option'


    For more information, try '--help'.
      help: fix the cause and rerun; earlier records are as they were
    ");
    assert!(place.files() == before);
}

#[test]
fn a_target_directory_that_cannot_be_written_is_named() {
    let place = Place::with_earlier_run("");
    std::fs::remove_dir_all(place.path("target")).unwrap();
    // A file where a directory has to be stops root as well, whom permissions would not.
    place.write("target", "not a directory");
    let message = place.refused("llm", "");
    insta::assert_snapshot!(message, @"
    error: target/scalegate/run.json: Not a directory (os error 20)
      help: check that the directory exists, is writable and has room; nothing was changed
    ");
}

#[cfg(unix)]
#[test]
fn a_record_that_could_not_be_written_is_refused_before_anything_is_measured() {
    let place = Place::with_suite("");
    let refused = |out: &str| stderr(&place.run(&["llm"], &format!("--out {out}")).code(2));
    insta::assert_snapshot!(refused("suite.toml/run.json"), @"
    error: suite.toml/run.json: File exists (os error 17)
      help: check that the directory exists, is writable and has room; nothing was changed
    ");
    insta::assert_snapshot!(refused("."), @"
    error: .: it is no regular file
      help: name a file; nothing was changed
    ");
    assert!(!place.path("target").exists(), "not even a model was written");
}

/// Starts the bench target `llm` with rounds of seconds, and ends it by Ctrl-C as soon as `is_time`.
#[cfg(unix)]
fn interrupted(place: &Place, is_time: impl Fn() -> bool) -> String {
    use std::process::{Command, Stdio};
    use std::time::Duration;

    let mut command = place.bench_command("llm", "llm/decode");
    let mut run = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    while !is_time() {
        assert_eq!(run.try_wait().unwrap(), None, "the run ended before it was interrupted");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(Command::new("kill").args(["-INT", &run.id().to_string()]).status().unwrap().success());
    let output = run.wait_with_output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{message}");
    message
}

#[cfg(unix)]
#[test]
fn ctrl_c_in_the_first_round_leaves_nothing_behind() {
    let place = Place::with_earlier_run("");
    // Long enough that the signal comes while the first round measures, however slow the machine is.
    place.write("suite.toml", place.read("suite.toml").replace("measurement_ms = 5", "measurement_ms = 20000"));
    let before = place.files();
    let target = place.path("target/scalegate");
    let is_measuring = || {
        let inside = |path: &std::path::Path| {
            path.read_dir().is_ok_and(|mut entries| {
                entries.any(|entry| entry.is_ok_and(|entry| entry.file_name() == "round-1.criterion"))
            })
        };
        target.read_dir().unwrap().flatten().any(|entry| inside(&entry.path()))
    };
    insta::assert_snapshot!(interrupted(&place, is_measuring), @"interrupted: target/scalegate/run.json keeps the rounds that were complete; `scalegate run --resume` resumes it");
    assert!(place.files() == before, "the earlier record is whole, and no scratch directory is left");
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_the_finished_rounds_and_resume_takes_the_others() {
    let place = Place::with_suite("");
    let suite = place.read("suite.toml");
    let slow = suite.replace("measurement_ms = 5", "measurement_ms = 200").replace("rounds = 2", "rounds = 6");
    place.write("suite.toml", slow);
    let message = interrupted(&place, || place.path("target/scalegate/run.json").exists());
    insta::assert_snapshot!(message, @"interrupted: target/scalegate/run.json keeps the rounds that were complete; `scalegate run --resume` resumes it");
    let kept = place.record();
    assert!((1..6).contains(&kept.series[0].n_rounds()), "{}", kept.series[0].n_rounds());
    place.run(&["llm"], "--workload llm/decode --resume").success();
    let whole = place.record();
    assert_eq!(whole.series[0].n_rounds(), 6);
    let finished = &kept.series[0].samples;
    assert_eq!(whole.series[0].samples[..finished.len()], finished[..], "they are not measured again");
}
