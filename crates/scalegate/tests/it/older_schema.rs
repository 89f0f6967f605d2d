//! Records of older schemas are read as what they were.

use insta::assert_snapshot;
use scalegate::baseline::Baseline;
use scalegate::metric::Metric;
use scalegate::record::{self, Run, SeriesKey};
use serde_json::Value;

use crate::support::{Place, fixture, stdout};

/// A recorded baseline, and a place that has it and its run as a record.
fn recorded(schema: u32, file_name: &str) -> (Value, Place) {
    let text = fixture(&format!("records/schema-{schema}.json"));
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&document["schema"], &document["run"]["schema"]), (&schema.into(), &schema.into()));
    let place = Place::new();
    place.write(&format!("baselines/portable/{file_name}"), &text);
    place.write("run.json", document["run"].to_string());
    (document, place)
}

#[track_caller]
fn assert_read(place: &Place, file_name: &str, key: SeriesKey, document: &Value) {
    let baseline: Baseline = record::read_json(&place.path(&format!("baselines/portable/{file_name}"))).unwrap();
    let run: Run = record::read_json(&place.path("run.json")).unwrap();
    assert_eq!(baseline.series().key(), key);
    assert_eq!(baseline.run, run);
    assert_eq!(run.provenance.program.is_some(), document["run"]["schema"] == 4, "older schemas have no such field");
    assert!(run.series[0].tokens.is_empty(), "nor do they have tokens");
    let samples = document["run"]["series"][0]["samples"].as_array().unwrap();
    assert_eq!(run.series[0].samples.len(), samples.len());
    for (read, recorded) in run.series[0].samples.iter().zip(samples) {
        assert_eq!(serde_json::to_value(&read.values).unwrap(), recorded["values"]);
    }
}

#[test]
fn a_baseline_of_schema_2_is_read_and_compared() {
    let name = "llm-generate.wall_time.json";
    let (document, place) = recorded(2, name);
    assert_read(&place, name, SeriesKey::new("llm/generate", Metric::WallTime), &document);
    assert_snapshot!(stdout(&place.scalegate("check run.json").code(0)), @"
    PASS: of 3 quantities, 3 within tolerance

    pass  llm/generate wall_time: class, growth, curvature share

    note: host class intel-xeon-processor-family-6-model-167-stepping-1-2-cores has no baseline of its own: shapes gate, absolute costs don't; record one with `scalegate accept`
    ");
}

#[test]
fn a_baseline_of_schema_3_is_read_and_compared() {
    let name = "llm-decode.cpu_auc.json";
    let (document, place) = recorded(3, name);
    assert_read(&place, name, SeriesKey::new("llm/decode", Metric::CpuAuc), &document);
    place.write("scalegate.toml", "[gate]\nrequired = [\"cpu_auc\"]\n");
    assert_snapshot!(stdout(&place.scalegate("check run.json").code(0)), @"
    PASS: of 3 quantities, 3 within tolerance

    pass  llm/decode cpu_auc: class, growth, curvature share

    note: host class intel-xeon-processor-family-6-model-167-stepping-1-2-cores has no baseline of its own: shapes gate, absolute costs don't; record one with `scalegate accept`
    ");
}

#[test]
fn a_baseline_of_schema_4_is_read_and_compared() {
    let name = "x86_64-rustc-1.95.0-avx512_mmm_f32_16x12-avx512_mmm_f32_128x1/llm-decode.heap_bytes.json";
    let (document, place) = recorded(4, name);
    assert_read(&place, name, SeriesKey::new("llm/decode", Metric::HeapBytes), &document);
    place.write("scalegate.toml", "[gate]\nrequired = [\"heap_bytes\"]\n");
    assert_snapshot!(stdout(&place.scalegate("check run.json").code(0)), @"
    PASS: of 6 quantities, 6 within tolerance

    pass  llm/decode heap_bytes: class, growth, curvature share, cost smallest, cost largest, slope

    note: host class amd-epyc-family-25-model-17-stepping-1-2-cores has no baseline of its own: shapes gate, absolute costs don't; record one with `scalegate accept`
    ");
}

#[test]
fn what_is_accepted_of_an_older_record_keeps_its_samples() {
    let (document, place) = recorded(3, "llm-decode.cpu_auc.json");
    std::fs::remove_dir_all(place.path("baselines")).unwrap();
    place.scalegate("accept run.json --reason again").success();
    let accepted: Value = serde_json::from_str(&place.read("baselines/portable/llm-decode.cpu_auc.json")).unwrap();
    assert_eq!(accepted["run"]["series"][0]["samples"], document["run"]["series"][0]["samples"]);
    assert_eq!(accepted["schema"], 6);
}
