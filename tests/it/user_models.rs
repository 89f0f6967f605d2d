//! User models: named in `suite.toml`, and nothing else is changed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use scalegate::workload::WorkloadName;

use crate::support::bench::{ANYTHING_GOES, SUITE};
use crate::support::{Place, stdout};

fn fixture(family: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/families").join(family)
}

/// `[[model]]`.
fn model(name: &str, path: &str) -> String {
    format!("[[model]]\nname = \"{name}\"\npath = \"{path}\"\nworkloads = [\"llm/prefill\", \"llm/decode\"]\n")
}

/// A suite of the workloads of a language model, with `models`.
fn place(models: &str) -> Place {
    let place = Place::new();
    let (llm, _) = SUITE.split_once("[[workload]]\nname = \"vlm/preprocess\"").unwrap();
    let llm = llm.replace("[4, 8, 16, 32]", "[4, 8, 12, 16, 24, 32]");
    place.write("suite.toml", format!("{llm}{ANYTHING_GOES}{models}"));
    place
}

#[test]
fn three_user_models_are_run_fitted_accepted_and_checked() {
    let names = ["smollm", "gpt2", "llama-4bit"];
    let models = names.map(|name| model(name, &fixture(name).display().to_string())).concat();
    let place = place(&models);
    place.run(&["llm"], "--rounds 5").success();
    let workloads: BTreeSet<WorkloadName> = ["", "smollm/", "gpt2/", "llama-4bit/"]
        .iter()
        .flat_map(|owner| ["prefill", "decode"].map(|phase| format!("{owner}llm/{phase}").into()))
        .collect();
    let run = place.record();
    assert_eq!(run.series.iter().map(|series| series.workload.clone()).collect::<BTreeSet<_>>(), workloads);
    for name in names {
        assert_eq!(run.provenance.subject[&format!("model.{name}")].len(), 64, "SHA-256 in hexadecimal digits");
    }
    // Times that were really measured may follow no law on a busy machine.
    let laws = stdout(&place.scalegate("fit").code(vec![0, 3]));
    for workload in &workloads {
        assert!(laws.lines().any(|line| line.starts_with(&format!("{workload} "))), "{workload}: {laws}");
    }
    place.scalegate("accept --reason first").success();
    let verdict = stdout(&place.scalegate("check").code(vec![0, 3]));
    for workload in &workloads {
        assert!(verdict.contains(workload.as_str()), "{workload}: {verdict}");
    }
}

#[test]
fn a_path_may_be_an_environment_variable() {
    let place = place(&model("mine", "$SCALEGATE_TEST_MODEL"));
    let path = fixture("opt").join("model.onnx").display().to_string();
    place.bench_with("llm", "mine/llm/prefill", &[("SCALEGATE_TEST_MODEL", &path)]).success();
    assert_eq!(place.record().series[0].workload, "mine/llm/prefill");
    // What judges a record does not need the model; whether noise leaves a law is not the question here.
    let laws = stdout(&place.scalegate("fit").code(vec![0, 3]));
    assert!(laws.starts_with("mine/llm/prefill  wall_time"), "{laws}");
}

#[test]
fn a_variable_that_is_not_set_is_named() {
    let message = Place::with_earlier_run(&model("mine", "$SCALEGATE_TEST_NO_MODEL")).refused("llm", "");
    insta::assert_snapshot!(message, @"
    error: model mine: its path is $SCALEGATE_TEST_NO_MODEL, and there is no such variable
      help: set SCALEGATE_TEST_NO_MODEL to the model's directory
    ");
}
