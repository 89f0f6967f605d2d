//! Perplexity as a metric of the run record: measured, accepted, and gated.

use std::fs;
use std::path::{Path, PathBuf};

use scalegate::metric::Metric;
use scalegate::record::SeriesKey;
use serde_json::Value;

use crate::support::bench::SUITE;
use crate::support::{Place, TOKENS, line, rows, stderr, stdout};

fn reference() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models/reference")
}

/// A place whose suite has the model at `path` read `text.txt`, and lets nothing pass without its perplexity.
fn place(path: &str) -> Place {
    let place = Place::with_suite(&suite(path));
    let heldout = fs::read_to_string(reference().join("heldout.txt")).unwrap();
    let end = heldout.char_indices().nth(16_000).unwrap().0;
    place.write("text.txt", &heldout[..end]);
    place
}

fn suite(path: &str) -> String {
    format!(
        "[gate]\nrequired = [\"perplexity\"]\n\n[accuracy]\ntext = \"text.txt\"\nmodels = [\"mine\"]\n\n\
         [[model]]\nname = \"mine\"\npath = \"{path}\"\n"
    )
}

#[test]
fn a_model_that_predicts_worse_fails_the_check_and_the_comparison() {
    let reference = reference().display().to_string();
    let place = place(&reference);
    place.bench("accuracy", "").success();
    let run = place.record();
    assert_eq!(run.series.len(), 1);
    let series = &run.series[0];
    assert_eq!(series.key(), SeriesKey::new("mine/llm/text", Metric::Perplexity));
    // What `scalegate accuracy` says of the same model and text.
    let both = format!("accuracy {reference} {reference} --text text.txt --format json");
    let both: Value = serde_json::from_str(&stdout(&place.scalegate(&both).success())).unwrap();
    let told = both["reference_perplexity"]["estimate"].as_f64().unwrap();
    assert!((series.samples[0].values[0] / told - 1.0).abs() < 1e-9, "{told} {:?}", series.samples);

    assert!(stdout(&place.scalegate("check").code(3)).contains("there is no portable baseline"));
    place.scalegate("accept --reason first").success();
    assert!(place.path("baselines/portable/mine-llm-text.perplexity.json").exists());
    assert!(!place.path("baselines/hosts").exists(), "a perplexity is the same on every host");
    let laws = stdout(&place.scalegate("fit").success());
    assert!(laws.contains(&format!("mine/llm/text  perplexity  {told:.2}")), "{laws}");
    let laws: Value = serde_json::from_str(&stdout(&place.scalegate("fit --format json").success())).unwrap();
    assert_eq!(laws["values"][0]["workload"], "mine/llm/text");
    assert!(stdout(&place.scalegate("check").success()).starts_with("PASS"));
    place.scalegate("report --out report.html").success();
    assert!(place.read("report.html").contains(&format!("{told:.2}")));

    fs::copy(place.path("target/scalegate/run.json"), place.path("before.json")).unwrap();
    place.scalegate(&format!("compress {reference} --out small --keep 0.2")).success();
    place.write("suite.toml", format!("{}\n{}", SUITE, suite("small")));
    let shown = stdout(&place.bench("accuracy", "").success());
    assert!(shown.contains("perplexity"), "{shown}");
    let text = stdout(&place.scalegate("check").code(1));
    assert!(text.contains(&format!("perplexity from {told:.2} to ")) && text.contains("±1 % tolerated"), "{text}");
    assert!(text.contains("model.mine: "), "the model under test is another: {text}");
    let markdown = stdout(&place.in_package(&["accuracy"], "check --format markdown").code(1));
    assert!(
        markdown.contains("scalegate run --workload mine/llm/text --metric perplexity\nscalegate check\n"),
        "{markdown}"
    );
    let text = stdout(&place.scalegate("compare before.json target/scalegate/run.json").code(1));
    assert!(text.starts_with("REGRESSED: the second run predicts worse"), "{text}");
}

#[test]
fn a_perplexity_of_another_text_is_not_comparable_and_a_missing_one_no_pass() {
    let place = place(&reference().display().to_string());
    place.bench("accuracy", "mine/llm/text").success();
    place.scalegate("accept --reason first").success();
    let text = place.read("text.txt");
    place.write("text.txt", text.replace("the ", "a "));
    place.bench("accuracy", "").success();
    let verdict = stdout(&place.scalegate("check").code(3));
    assert!(verdict.contains("not comparable with its baseline") && verdict.contains("text: "), "{verdict}");
    fs::remove_file(place.path("target/scalegate/run.json")).unwrap();
    place.import(&rows("llm/prefill", "tokens", &TOKENS, 8, line));
    let verdict = stdout(&place.scalegate("check").code(3));
    assert!(verdict.contains("mine/llm/text perplexity") && verdict.contains("it was not measured"), "{verdict}");
}

#[test]
fn what_cannot_be_read_is_named_and_nothing_is_measured() {
    let refused = |more: &str| Place::with_suite(more).refused("accuracy", "");
    let model = suite(&reference().display().to_string());
    insta::assert_snapshot!(stderr(&Place::with_suite(&model).bench("accuracy", "").code(2)), @"
    error: text.txt: No such file or directory (os error 2)
      help: name a file of plain UTF-8 text under `[accuracy]` in `suite.toml`
    ");
    insta::assert_snapshot!(refused(&model.replace("models = [\"mine\"]", "models = [\"yours\"]")), @"
    error: suite.toml:46: accuracy.models: there is no [[model]] `yours`
      help: change the value in this section
    ");
    insta::assert_snapshot!(refused(&model.replace("models = [\"mine\"]", "models = []")), @"
    error: suite.toml:46: accuracy.models is empty, so that nobody reads the text
      help: change the value in this section
    ");
    let place = place("nowhere");
    insta::assert_snapshot!(stderr(&place.bench("accuracy", "").code(2)), @"
    error: nowhere: No such file or directory (os error 2)
      help: name a readable model directory under `path` in `suite.toml`
    ");
}

#[test]
fn one_per_cent_is_tolerated_and_more_is_judged_by_its_sign() {
    let place = Place::new();
    let import = |value: &str| {
        let row = format!("workload,axis,metric,unit,size,round,value\nm/llm/text,tokens,perplexity,1,256,0,{value}\n");
        place.write("costs.csv", row);
        place.scalegate("import csv costs.csv").success();
    };
    import("20");
    place.scalegate("accept --reason first").success();
    for (value, code, word) in [
        ("20", 0, "PASS"),
        ("20.19", 0, "PASS"),
        ("20.3", 1, "REGRESSED"),
        ("19.81", 0, "PASS"),
        ("19.7", 0, "IMPROVED"),
        // Just at the tolerance, where the rounding of another processor decides.
        ("20.2", 3, "INCONCLUSIVE"),
        ("0", 3, "INCONCLUSIVE"),
    ] {
        import(value);
        let text = stdout(&place.scalegate("check").code(code));
        assert!(text.starts_with(word), "{value}: {text}");
    }
}
