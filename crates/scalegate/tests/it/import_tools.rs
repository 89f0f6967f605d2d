//! `scalegate import` of other tools' output: their sizes and times come through, and what is wrong is named with its place.

use std::path::Path;

use serde_json::Value;

use crate::support::{Place, stderr, stdout};

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tools").join(name);
    std::fs::read_to_string(path).unwrap()
}

/// The record of an import.
fn imported(format: &str, text: &str, options: &str) -> Value {
    let place = Place::new();
    place.write("file", text);
    place.scalegate(&format!("import {format} file --out run.json {options}")).success();
    serde_json::from_str(&place.read("run.json")).unwrap()
}

fn refused(format: &str, text: &str, options: &str) -> String {
    let place = Place::new();
    place.write("file", text);
    let message = stderr(&place.scalegate(&format!("import {format} file --out run.json {options}")).code(2));
    assert!(!place.path("run.json").exists(), "nothing is written");
    assert!(message.contains("help: "), "{message}");
    message
}

fn samples<'a>(run: &'a Value, workload: &str, metric: &str) -> &'a Vec<Value> {
    let series = run["series"].as_array().unwrap().iter();
    let found: Vec<&Value> = series.filter(|it| it["workload"] == workload && it["metric"] == metric).collect();
    assert_eq!(found.len(), 1, "{workload} {metric} in {run}");
    found[0]["samples"].as_array().unwrap()
}

#[test]
fn hyperfine_runs_are_rounds_and_its_parameter_is_the_size() {
    let run = imported("hyperfine", &fixture("hyperfine.json"), "");
    let samples = samples(&run, "seq {tokens}", "wall_time");
    assert_eq!(samples.len(), 8 * 6);
    let raw: Value = serde_json::from_str(&fixture("hyperfine.json")).unwrap();
    assert_eq!(samples[0]["size"], 200_000);
    assert_eq!(samples[0]["values"][0], raw["results"][0]["times"][0]);
    assert_eq!(samples[1]["round"], 1);
}

#[test]
fn hyperfine_results_that_are_no_costs_are_named() {
    let result = |parameters: &str, times: &str, codes: &str| {
        format!(
            "{{\"results\":[{{\"command\":\"x 4\",\"times\":{times},\"exit_codes\":{codes},\"parameters\":{parameters}}}]}}"
        )
    };
    let cases = [
        (result("{}", "[1]", "[0]"), "has no parameter"),
        (result("{\"tokens\":\"4\"}", "[1]", "[1]"), "ended with exit code 1"),
        (result("{\"tokens\":\"4\"}", "[1]", "[null]"), "ended with a signal"),
        (result("{\"tokens\":\"x\"}", "[1]", "[0]"), "`x`, and not a whole number"),
        (result("{\"tokens\":\"4\"}", "[]", "[]"), "no `times`"),
        (result("{\"n\":\"4\"}", "[1]", "[0]"), "what the parameter `n` counts is not told"),
        (result("{\"a\":\"4\",\"b\":\"5\"}", "[1]", "[0]"), "a, b"),
    ];
    for (text, cause) in cases {
        let message = refused("hyperfine", &text, "");
        assert!(message.contains("file: results[0]: ") && message.contains(cause), "{message}");
    }
    assert!(refused("hyperfine", "{", "").contains("line 1"));
    imported("hyperfine", &result("{\"n\":\"4\"}", "[1]", "[0]"), "--axis pixels");
}

#[test]
fn google_benchmark_repetitions_are_rounds_and_its_argument_is_the_size() {
    let run = imported("google-benchmark", &fixture("google_benchmark.json"), "--axis tokens");
    let samples = samples(&run, "BM_Attention", "wall_time");
    assert_eq!(samples.len(), 6 * 5, "aggregates are no samples");
    let raw: Value = serde_json::from_str(&fixture("google_benchmark.json")).unwrap();
    let first = raw["benchmarks"][0]["real_time"].as_f64().unwrap() * 1e-9;
    assert_eq!(samples[0]["values"][0].as_f64().unwrap(), first);
    assert_eq!(samples[29]["size"], 2048);
    assert_eq!(run["series"].as_array().unwrap().len(), 1, "the time of one thread is no processor time");
}

#[test]
fn google_benchmark_without_an_axis_or_with_a_failure_is_named() {
    let message = refused("google-benchmark", &fixture("google_benchmark.json"), "");
    assert!(message.contains("benchmarks[0], BM_Attention/64") && message.contains("--axis"), "{message}");
    let failed =
        r#"{"benchmarks":[{"name":"P/4","run_type":"iteration","error_occurred":true,"error_message":"no model"}]}"#;
    assert!(refused("google-benchmark", failed, "--axis tokens").contains("it failed: no model"));
    let unit = r#"{"benchmarks":[{"name":"P/4","real_time":1,"time_unit":"min"}]}"#;
    assert!(refused("google-benchmark", unit, "--axis tokens").contains("its time_unit is min"));
}

#[test]
fn llama_bench_tests_are_prefill_and_generation_of_their_model() {
    let place = Place::new();
    place.write("file", fixture("llama_bench.json"));
    place.scalegate("import llama-bench file").success();
    let run: Value = serde_json::from_str(&place.read("target/scalegate/run.json")).unwrap();
    assert_eq!(samples(&run, "qwen2 0.5B Q4_K - Medium/prefill", "wall_time").len(), 6 * 6);
    assert_eq!(samples(&run, "qwen2 0.5B Q4_K - Medium/generate", "wall_time").len(), 4 * 6);
    assert_eq!(run["series"][0]["protocol"]["n_threads"], "4");
    assert_eq!(run["provenance"]["host"]["cpu"], "a made-up processor");
    let text = stdout(&place.scalegate("fit").success());
    assert_eq!(text.matches("linear").count(), 2, "{text}");
}

#[test]
fn llama_bench_tests_in_two_settings_are_not_one_workload() {
    let threads = fixture("llama_bench.json").replacen("\"n_threads\": 4", "\"n_threads\": 8", 1);
    let message = refused("llama-bench", &threads, "");
    assert!(message.contains("file: [1]: n_threads is 4, but 8 for other sizes"), "{message}");
    let message =
        refused("llama-bench", &fixture("llama_bench.json").replacen("\"n_prompt\": 16", "\"n_prompt\": 0", 1), "");
    assert!(message.contains("[0]: it has neither a prompt nor"), "{message}");
    assert!(refused("llama-bench", "[]", "").contains("the run is empty"));
    assert!(refused("llama-bench", &fixture("llama_bench.json"), "--axis tokens").contains("leave --axis out"));
}

#[test]
fn criterion_runs_are_rounds_and_its_throughput_is_the_size() {
    let run = imported("criterion", &fixture("criterion.jsonl"), "--axis tokens");
    let samples = samples(&run, "llm/prefill", "wall_time");
    assert_eq!(samples.len(), 6 * 5);
    assert!(samples.iter().all(|sample| sample["values"][0].as_f64().unwrap() < 0.1), "seconds");
}

#[test]
fn criterion_messages_without_a_size_are_named_with_their_line() {
    let bytes = fixture("criterion.jsonl").replacen("\"elements\"", "\"bytes\"", 1);
    let message = refused("criterion", &bytes, "--axis tokens");
    assert!(message.contains("file:1: llm/prefill/16: it has no throughput in elements"), "{message}");
    assert!(refused("criterion", "not json", "--axis tokens").contains("file:1: "));
    assert!(refused("criterion", &fixture("criterion.jsonl"), "").contains("--axis"));
    assert!(refused("criterion", "{\"reason\":\"group-complete\"}", "--axis tokens").contains("the run is empty"));
}
