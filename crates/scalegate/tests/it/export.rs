//! `scalegate export` writes what other tools read, and what `scalegate import csv` reads again.

use insta::assert_snapshot;
use serde_json::Value;

use crate::support::{Place, RUN, TOKENS, line, rows};

#[test]
fn an_exported_run_comes_back_with_its_law() {
    let place = Place::new();
    place.import(&rows("llm/prefill", "tokens", &TOKENS, 8, line));
    let samples = |place: &Place, name: &str| {
        let run: Value = serde_json::from_str(&place.read(name)).unwrap();
        run["series"][0]["samples"].clone()
    };
    place.scalegate("export csv --out again.csv").success();
    place.scalegate("import csv again.csv --out again.json").success();
    assert_eq!(samples(&place, "again.json"), samples(&place, RUN));
}

#[test]
fn bencher_and_benchmark_action_have_every_size() {
    let place = Place::new();
    place.import(&rows("llm/prefill", "tokens", &TOKENS, 8, line));
    place.scalegate("export bencher --out bencher.json").success();
    let bencher: Value = serde_json::from_str(&place.read("bencher.json")).unwrap();
    assert_eq!(bencher.as_object().unwrap().len(), TOKENS.len());
    let measure = &bencher["llm/prefill 1024 tokens"]["wall-time"];
    assert!(measure["lower_value"].as_f64() <= measure["value"].as_f64(), "{measure}");
    place.scalegate(&format!("export benchmark-action {RUN} --out action.json")).success();
    let entries: Value = serde_json::from_str(&place.read("action.json")).unwrap();
    assert_eq!(entries.as_array().unwrap().len(), TOKENS.len());
    assert_snapshot!(place.refused("export csv --out no/such/directory.csv"), @"
    error: no/such/directory.csv: No such file or directory (os error 2)
      help: name a file in a directory that exists and is writable with `--out`
    ");
}
