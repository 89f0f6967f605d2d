//! `scalegate run` takes round after round, stops when all is decided, keeps what Ctrl-C leaves, and resumes it.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::time::Duration;

use scalegate::record::{self, Run, Series};
use serde_json::Value;

use crate::support::bench::ANYTHING_GOES;
use crate::support::{Place, lasting, stderr, stdout};

fn rounds(series: &Series) -> BTreeSet<u32> {
    series.samples.iter().map(|sample| sample.round).collect()
}

fn only(run: &Run) -> &Series {
    assert_eq!(run.series.len(), 1);
    &run.series[0]
}

#[test]
fn without_a_baseline_all_rounds_are_taken() {
    let place = Place::with_suite("");
    let assert = place.run(&["llm", "vlm"], "--workload llm/decode --workload vlm/preprocess --rounds 6");
    let messages = stderr(&assert);
    let text = stdout(&assert.success());
    assert!(messages.contains("6 of at most 6 rounds of llm/decode, vlm/preprocess\n"), "{messages}");
    for workload in ["llm/decode", "vlm/preprocess"] {
        let is_its = |line: &&str| line.split_whitespace().take(2).eq([workload, "wall_time"]);
        let laws: Vec<&str> = text.lines().filter(is_its).collect();
        assert_eq!(laws.len(), 1, "one law: {text}");
        // Times that were really measured may follow any law on a busy machine, and none.
        assert!(crate::bench_target::has_law(laws[0]), "{text}");
    }
    let run = place.record();
    assert_eq!(run.series.len(), 2);
    for series in &run.series {
        assert_eq!(rounds(series), BTreeSet::from([0, 1, 2, 3, 4, 5]));
        assert_eq!(series.samples.len(), 24, "one entry per size and round");
        assert_eq!(series.looks, [5, 6]);
    }
}

#[test]
fn a_run_stops_when_every_quantity_is_decided() {
    let place = Place::with_suite(ANYTHING_GOES);
    place.write("suite.toml", place.read("suite.toml").replace("[4, 8, 16, 32]", "[4, 8, 12, 16, 24, 32]"));
    place.run(&["llm"], "--workload llm/decode --rounds 5").success();
    place.scalegate("accept --reason first").success();
    let messages = stderr(&place.run(&["llm"], "--workload llm/decode --rounds 9").success());
    assert!(messages.contains("5 of at most 9 rounds of llm/decode: every quantity is decided\n"), "{messages}");
    let run = place.record();
    assert_eq!(rounds(only(&run)).len(), 5);
    assert_eq!(only(&run).looks, [5, 7, 9]);
    let check: Value = serde_json::from_str(&stdout(&place.scalegate("check --format json"))).unwrap();
    let note =
        check["notes"].as_array().unwrap().iter().find(|note| note["words"].as_str().unwrap().contains("of at most"));
    let words = note.unwrap()["words"].as_str().unwrap();
    assert!(words.contains("llm/decode has 5 of at most 9 rounds, and this is look 1 of 3 at it"), "{words}");
    let findings = check["findings"].as_array().unwrap().iter().filter(|f| f["workload"] == "llm/decode");
    let outcomes: Vec<&Value> = findings.map(|finding| &finding["outcome"]).collect();
    assert!(outcomes.len() > 3 && outcomes.iter().all(|outcome| **outcome == "pass"), "the check agrees: {outcomes:?}");
}

#[test]
fn cargo_bench_stops_as_well_and_takes_all_rounds_without_a_baseline_or_where_it_is_asked_to() {
    let place = Place::with_suite(ANYTHING_GOES);
    let suite = place.read("suite.toml").replace("[4, 8, 16, 32]", "[4, 8, 12, 16, 24, 32]");
    place.write("suite.toml", suite.replace("rounds = 2", "rounds = 7"));
    let taken = |line: &str| {
        place.bench("llm", line).success();
        let run = place.record();
        (rounds(only(&run)).len(), only(&run).looks.clone())
    };
    assert_eq!(taken("llm/decode"), (7, vec![]));
    place.scalegate("accept --reason first").success();
    assert_eq!(taken("llm/decode"), (6, vec![6, 7]));
    assert_eq!(taken("--all-rounds llm/decode"), (7, vec![]));
    let refused = |line: &str| stderr(&place.bench("llm", line).code(2));
    insta::assert_snapshot!([refused("--quick --all-rounds"), refused("--all-rounds --budget 5m")].concat(), @"
    error: --all-rounds: --quick says how many rounds there are
      help: give one of the two
    error: --budget: --all-rounds says how many rounds there are
      help: give one of the two
    ");
}

#[test]
fn ctrl_c_keeps_the_finished_rounds_and_resume_takes_the_others() {
    let place = Place::with_suite("");
    place.write("suite.toml", place.read("suite.toml").replace("measurement_ms = 5", "measurement_ms = 200"));
    let mut command = place.run_command(&["llm"], "--workload llm/decode --rounds 6");
    let mut run = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    while !place.path("target/scalegate/run.json").exists() {
        assert_eq!(run.try_wait().unwrap(), None, "the run ended before its first round");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(Command::new("kill").args(["-INT", &run.id().to_string()]).status().unwrap().success());
    let output = run.wait_with_output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{message}");
    insta::assert_snapshot!(message, @"interrupted: target/scalegate/run.json keeps the rounds that were complete; `scalegate run --resume` resumes it");

    let kept = place.record();
    assert!((1..6).contains(&only(&kept).n_rounds()), "{}", only(&kept).n_rounds());
    assert_eq!(only(&kept).looks.last(), Some(&6), "the record says that more was planned");
    let text = stdout(&place.scalegate("check").code(3));
    assert!(text.contains("of at most 6 rounds") && text.contains("`scalegate run --resume` continues"), "{text}");

    place.run(&["llm"], "--workload llm/decode --rounds 6 --resume").success();
    let whole = place.record();
    assert_eq!(rounds(only(&whole)), BTreeSet::from([0, 1, 2, 3, 4, 5]));
    assert_eq!(only(&whole).samples[..only(&kept).samples.len()], only(&kept).samples, "they are not measured again");
}

#[test]
fn a_look_that_an_interruption_allowed_is_counted_when_the_run_is_resumed() {
    let place = Place::with_suite("");
    place.run(&["llm"], "--workload llm/decode --rounds 9").success();
    let path = place.path("target/scalegate/run.json");
    let mut run = place.record();
    run.series[0].samples.retain(|sample| sample.round < 6);
    record::write_json(&path, &run).unwrap();
    place.run(&["llm"], "--workload llm/decode --rounds 9 --resume").success();
    assert_eq!(only(&place.record()).looks, [5, 6, 7, 9]);
    assert_eq!(rounds(only(&place.record())).len(), 9);
}

#[test]
fn what_is_resumed_has_to_be_the_same() {
    let place = Place::with_suite("");
    place.run(&["llm"], "--workload llm/decode --rounds 2").success();
    let before = place.record();
    let refused = |line: &str, variables: &[(&str, &str)]| {
        let mut command = place.run_command(&["llm"], &format!("--workload llm/decode {line} --resume"));
        command.envs(variables.iter().copied());
        let message = stderr(&assert_cmd::Command::from_std(command).assert().code(2));
        assert_eq!(place.record(), before, "the record is as it was");
        message
    };
    insta::assert_snapshot!(refused("--rounds 4", &[]), @"
    error: target/scalegate/run.json: it was measured with other llm/decode rounds: 2 → 4
      help: restore these, or measure anew without `--resume`; the record is as it was
    ");
    let message = refused("--rounds 2", &[("SCALEGATE_HOST_CLASS", "another")]);
    assert!(message.contains("host.class: "), "{message}");
    place.write("suite.toml", place.read("suite.toml").replace("samples = 10", "samples = 12"));
    insta::assert_snapshot!(lasting(&refused("--rounds 2", &[])), @"
    error: target/scalegate/run.json: it was measured with other program.configuration: [hash] → [hash]
      help: restore these, or measure anew without `--resume`; the record is as it was
    ");
}

#[test]
fn there_has_to_be_a_record_to_resume() {
    let place = Place::with_suite("");
    let message = stderr(&place.run(&["llm"], "--resume").code(2));
    insta::assert_snapshot!(message, @"
    error: target/scalegate/run.json: there is no record to resume
      help: start a run without `--resume`, or name the record with `--out`
    ");
}

#[test]
fn an_earlier_run_is_taken_anew_without_resume() {
    let place = Place::with_suite("");
    place.run(&["llm"], "--workload llm/decode --rounds 3").success();
    let first = place.record();
    place.run(&["llm"], "--workload llm/decode --rounds 2").success();
    let second = place.record();
    assert_eq!(rounds(only(&second)), BTreeSet::from([0, 1]));
    assert_ne!(only(&first).samples[0], only(&second).samples[0]);
}

#[test]
fn a_series_ends_with_a_round_on_a_throttled_host() {
    use std::os::unix::fs::PermissionsExt;

    let place = Place::with_suite("");
    // A round asks three times. From the fifth answer on, in the second round, the firmware reports that it throttles.
    let script = "#!/bin/sh\ncd \"$(dirname \"$0\")\" && echo >> asked\n\
                  if [ \"$(wc -l < asked)\" -lt 5 ]; then echo throttled=0x0; else echo throttled=0x4; fi\n";
    let firmware = place.write("bin/vcgencmd", script);
    std::fs::set_permissions(&firmware, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", place.path("bin").display(), std::env::var("PATH").unwrap());
    for line in ["--rounds 6", "--rounds 6 --resume"] {
        let mut command = place.run_command(&["llm"], &format!("--workload llm/decode {line}"));
        let output = command.env("PATH", &path).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("unavailable: the firmware reports throttled"), "{text}");
        let run = place.record();
        assert_eq!((only(&run).n_rounds(), only(&run).unavailable.is_some()), (0, true));
    }
    let asked = place.read("bin/asked").lines().count();
    assert_eq!(asked, 6, "two rounds, and no more");
}

#[test]
fn a_run_that_was_interrupted_before_its_first_verdict_is_no_baseline() {
    let place = Place::with_suite("");
    place.run(&["llm"], "--workload llm/decode --rounds 6").success();
    let mut run = place.record();
    run.series[0].samples.retain(|sample| sample.round < 3);
    record::write_json(&place.path("target/scalegate/run.json"), &run).unwrap();
    let message = stderr(&place.scalegate("accept --reason first").code(2));
    insta::assert_snapshot!(message, @"
    error: target/scalegate/run.json: llm/decode has 3 of 6 rounds: it was interrupted before its first verdict
      help: resume it with `scalegate run --resume`, or measure anew with `cargo bench`
    ");
    assert!(!place.path("baselines").exists());
}
