//! A suite without `[models]`: only the user's models are measured, and nothing else is demanded.

#![cfg(unix)]

use std::collections::BTreeSet;
use std::path::Path;

use crate::support::bench::{ANYTHING_GOES, SUITE};
use crate::support::{Place, stderr, stdout};

/// Sizes of one workload, a model that reads them, and no embedded model.
fn place() -> Place {
    let place = Place::new();
    let start = SUITE.find("[inference]").unwrap();
    let end = SUITE.find("[[workload]]").unwrap();
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/families/gpt2");
    let suite = format!(
        "schema = 1\nseed = 7\n\n{}\
         [[workload]]\nname = \"llm/prefill\"\ntokens = [4, 8, 12, 16, 24, 32]\n\n\
         [[model]]\nname = \"mine\"\npath = \"{}\"\nworkloads = [\"llm/prefill\"]\n\n\
         [gate]\nrequired = [\"wall_time\"]\n{ANYTHING_GOES}",
        &SUITE[start..end],
        model.display()
    );
    place.write("suite.toml", suite);
    place
}

#[test]
fn nothing_embedded_is_measured() {
    let place = place();
    place.bench("llm", "").success();
    let run = place.record();
    let workloads: BTreeSet<&str> = run.series.iter().map(|series| series.workload.as_str()).collect();
    assert_eq!(workloads, BTreeSet::from(["mine/llm/prefill"]));
    let subject: BTreeSet<&str> =
        run.provenance.subject.keys().map(String::as_str).filter(|key| key.starts_with("model")).collect();
    assert_eq!(subject, BTreeSet::from(["model.mine"]), "no embedded model is under test");
    assert!(!place.path("target/scalegate/models").exists(), "none was written");
    place.bench("vlm", "").success();
    assert_eq!(place.record(), run, "there is nothing for the other targets to measure");
}

#[test]
fn check_demands_nothing_embedded() {
    let place = place();
    // Baselines of embedded models are there, as those of this repository are for whoever works on a clone.
    let text = place.read("suite.toml");
    place.import(&crate::support::rows("llm/decode", "tokens", &crate::support::TOKENS, 8, crate::support::line));
    place.scalegate("accept --reason shipped").success();
    assert!(place.path("baselines/portable/llm-decode.wall_time.json").exists());
    std::fs::remove_file(place.path("target/scalegate/run.json")).unwrap();

    place.write("suite.toml", text);
    place.run(&["llm", "vlm"], "--rounds 8").success();
    place.in_package(&["llm", "vlm"], "accept --reason first").success();
    let assert = place.in_package(&["llm", "vlm"], "check");
    let verdict = stdout(&assert) + &stderr(&assert);
    assert!(!verdict.contains("llm/decode") && verdict.contains("mine/llm/prefill"), "{verdict}");
    assert!(!verdict.contains("it was not measured"), "{verdict}");
}

#[test]
fn another_user_model_that_was_not_measured_is_no_pass() {
    let place = place();
    let text = place.read("suite.toml");
    let (before, model) = text.split_once("[[model]]").unwrap();
    let (model, after) = model.split_once("[gate]").unwrap();
    let other = model.replace("\"mine\"", "\"other\"");
    place.write("suite.toml", format!("{before}[[model]]{model}[[model]]{other}[gate]{after}"));
    place.run(&["llm"], "--workload mine/* --rounds 8").success();
    place.in_package(&["llm"], "accept --reason first").success();
    let verdict = stdout(&place.in_package(&["llm"], "check").code(3));
    let missing: Vec<&str> = verdict.lines().filter(|line| line.contains("not measured")).collect();
    insta::assert_snapshot!(missing.join("\n"), @"  not compared: it was not measured; run `cargo bench`, which measures the whole suite");
}
