//! `scalegate import` of other tools' output: their sizes and times come through, and what is wrong is named with its place.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{Place, list, stdout};

fn fixture(name: &str) -> String {
    crate::support::fixture(&format!("tools/{name}"))
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
    place.refused(&format!("import {format} file --out run.json {options}"))
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
        ("no parameter", result("{}", "[1]", "[0]")),
        ("a command that failed", result("{\"tokens\":\"4\"}", "[1]", "[1]")),
        ("a command that was killed", result("{\"tokens\":\"4\"}", "[1]", "[null]")),
        ("a parameter that is no size", result("{\"tokens\":\"x\"}", "[1]", "[0]")),
        ("no times", result("{\"tokens\":\"4\"}", "[]", "[]")),
        ("a parameter that is no axis", result("{\"n\":\"4\"}", "[1]", "[0]")),
        ("two parameters", result("{\"a\":\"4\",\"b\":\"5\"}", "[1]", "[0]")),
        ("no JSON", "{".to_owned()),
    ];
    assert_snapshot!(list(cases.map(|(what, text)| (what, refused("hyperfine", &text, "")))), @"
    no parameter
    error: file: results[0]: it has no parameter, and so no size
      help: write the file with hyperfine --parameter-scan tokens 16 1024 … --export-json FILE, and call the parameter tokens or pixels, or say which with --axis

    a command that failed
    error: file: results[0]: `x 4` ended with exit code 1
      help: write the file with hyperfine --parameter-scan tokens 16 1024 … --export-json FILE, and call the parameter tokens or pixels, or say which with --axis

    a command that was killed
    error: file: results[0]: `x 4` ended with a signal
      help: write the file with hyperfine --parameter-scan tokens 16 1024 … --export-json FILE, and call the parameter tokens or pixels, or say which with --axis

    a parameter that is no size
    error: file: results[0]: the parameter tokens is `x`, and not a whole number above zero
      help: write the file with hyperfine --parameter-scan tokens 16 1024 … --export-json FILE, and call the parameter tokens or pixels, or say which with --axis

    no times
    error: file: results[0]: it has no `times`
      help: write the file with hyperfine --parameter-scan tokens 16 1024 … --export-json FILE, and call the parameter tokens or pixels, or say which with --axis

    a parameter that is no axis
    error: file: results[0]: what the parameter `n` counts is unknown
      help: write the file with hyperfine --parameter-scan tokens 16 1024 … --export-json FILE, and call the parameter tokens or pixels, or say which with --axis

    two parameters
    error: file: results[0]: it is unknown which of its parameters is the size: a, b
      help: write the file with hyperfine --parameter-scan tokens 16 1024 … --export-json FILE, and call the parameter tokens or pixels, or say which with --axis

    no JSON
    error: file: EOF while parsing an object at line 1 column 1
      help: write the file with hyperfine --parameter-scan tokens 16 1024 … --export-json FILE, and call the parameter tokens or pixels, or say which with --axis
    ");
}

#[test]
fn the_axis_of_an_import_has_any_name() {
    let text = |axis: &str| {
        let result = r#"{"results":[{"command":"x 4","times":[1],"exit_codes":[0],"parameters":{"n":"4"}}]}"#;
        imported("hyperfine", result, &format!("--axis {axis}"))["series"][0]["axis"].clone()
    };
    for axis in ["tokens", "pixels", "bytes", "items", "rows"] {
        assert_eq!(text(axis), axis);
    }
}

#[test]
fn an_axis_that_a_table_would_trip_over_is_refused() {
    let long = "x".repeat(41);
    let cases = ["a,b", "x()", &long];
    let said = cases.map(|axis| (axis, refused("hyperfine", &fixture("hyperfine.json"), &format!("--axis {axis}"))));
    assert_snapshot!(list(said), @"
    a,b
    error: invalid value 'a,b' for '--axis <AXIS>': an axis has ',' in its name

    For more information, try '--help'.

    x()
    error: invalid value 'x()' for '--axis <AXIS>': an axis has '(' in its name

    For more information, try '--help'.

    xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
    error: invalid value 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' for '--axis <AXIS>': an axis has a name of 41 bytes; 40 are the most

    For more information, try '--help'.
    ");
    let place = Place::new();
    place.write("file", fixture("hyperfine.json"));
    let mut command = place.command("import hyperfine file --out run.json");
    let message = crate::support::stderr(&command.args(["--axis", ""]).assert().code(2));
    assert_snapshot!(message, @"
    error: invalid value '' for '--axis <AXIS>': an axis has an empty name

    For more information, try '--help'.
    ");
    assert!(!place.path("run.json").exists());
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
    assert_eq!(run["series"].as_array().unwrap().len(), 1, "the time of one thread is no CPU time");
}

#[test]
fn google_benchmark_without_an_axis_or_with_a_failure_is_named() {
    let failed =
        r#"{"benchmarks":[{"name":"P/4","run_type":"iteration","error_occurred":true,"error_message":"no model"}]}"#;
    let unit = r#"{"benchmarks":[{"name":"P/4","real_time":1,"time_unit":"min"}]}"#;
    assert_snapshot!(
        list([
            ("no axis", refused("google-benchmark", &fixture("google_benchmark.json"), "")),
            ("a failure", refused("google-benchmark", failed, "--axis tokens")),
            ("an unknown unit", refused("google-benchmark", unit, "--axis tokens")),
        ]),
        @"
        no axis
        error: file: benchmarks[0], BM_Attention/64/min_time:0.020/repeats:5: what its size counts is unknown
          help: run the benchmark with --benchmark_format=json, give it its size as its one argument, as in BENCHMARK(Prefill)->Range(16, 1024)->Repetitions(8), and say with --axis what the size counts, or call the argument tokens or pixels with ArgName

        a failure
        error: file: benchmarks[0], P/4: it failed: no model
          help: run the benchmark with --benchmark_format=json, give it its size as its one argument, as in BENCHMARK(Prefill)->Range(16, 1024)->Repetitions(8), and say with --axis what the size counts, or call the argument tokens or pixels with ArgName

        an unknown unit
        error: file: benchmarks[0], P/4: its time_unit is min
          help: run the benchmark with --benchmark_format=json, give it its size as its one argument, as in BENCHMARK(Prefill)->Range(16, 1024)->Repetitions(8), and say with --axis what the size counts, or call the argument tokens or pixels with ArgName
        "
    );
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
    assert_eq!(run["series"][1]["tokens"], json!({"16": 16, "32": 32, "64": 64, "128": 128, "256": 256, "512": 512}));
    assert_eq!(run["provenance"]["host"]["cpu"], "a made-up processor");
    assert_snapshot!(stdout(&place.scalegate("fit").success()), @"
    qwen2 0.5B Q4_K - Medium/generate  wall_time  linear       9.00 ms/token [8.96 ms/token, 9.04 ms/token], intercept 1.52 ms [599 µs, 2.43 ms], curvature -0.5 % [-1.8 %, 0.8 %], R² 1.0000
    qwen2 0.5B Q4_K - Medium/prefill   wall_time  linear       1.50 ms/token [1.49 ms/token, 1.50 ms/token], intercept 2.09 ms [1.87 ms, 2.31 ms], curvature -0.6 % [-1.7 %, 0.5 %], R² 1.0000
    ");
}

#[test]
fn a_record_of_a_tool_that_names_its_commit_is_an_import_like_others() {
    let place = Place::new();
    place.write("file", fixture("llama_bench.json"));
    place.scalegate("import llama-bench file").success();
    place.scalegate("accept --reason first").success();
    place.scalegate("import llama-bench file").success();
    place.write("scalegate.toml", "[gate]\nrequired = [\"instructions\"]\n");
    place.scalegate("check").code(0);
}

#[test]
fn llama_bench_tests_in_two_settings_are_not_one_workload() {
    let edited = |old: &str, new: &str| fixture("llama_bench.json").replacen(old, new, 1);
    let cases = [
        ("two numbers of threads", edited("\"n_threads\": 4", "\"n_threads\": 8"), ""),
        ("no prompt", edited("\"n_prompt\": 16", "\"n_prompt\": 0"), ""),
        ("nothing", "[]".to_owned(), ""),
        ("an axis", fixture("llama_bench.json"), "--axis tokens"),
    ];
    let said = cases.map(|(what, text, options)| (what, refused("llama-bench", &text, options)));
    assert_snapshot!(list(said), @"
    two numbers of threads
    error: file: [1]: n_threads is 4, but 8 for other sizes of qwen2 0.5B Q4_K - Medium/prefill
      help: write the file with llama-bench -p 16,32,64,128,256,512 -n 16,32,64,128 -r 8 -o json, one model and one setting at a time

    no prompt
    error: file: [0]: it has neither a prompt nor tokens to generate
      help: write the file with llama-bench -p 16,32,64,128,256,512 -n 16,32,64,128 -r 8 -o json, one model and one setting at a time

    nothing
    error: file: the run is empty
      help: write the file with llama-bench -p 16,32,64,128,256,512 -n 16,32,64,128 -r 8 -o json, one model and one setting at a time

    an axis
    error: --axis: this format tells its axis itself
      help: leave --axis out
    ");
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
    let cases = [
        ("no size", bytes, "--axis tokens"),
        ("no JSON", "not json".to_owned(), "--axis tokens"),
        ("no axis", fixture("criterion.jsonl"), ""),
        ("no measurement", "{\"reason\":\"group-complete\"}".to_owned(), "--axis tokens"),
    ];
    assert_snapshot!(list(cases.map(|(what, text, options)| (what, refused("criterion", &text, options)))), @"
    no size
    error: file:1: llm/prefill/16: it has no throughput in elements, and so no size
      help: write the file with cargo criterion --message-format=json, call group.throughput(Throughput::Elements(size)) for each size, say with --axis what the size counts, and append several runs to one file: each is a round

    no JSON
    error: file:1: expected ident at line 1 column 2
      help: write the file with cargo criterion --message-format=json, call group.throughput(Throughput::Elements(size)) for each size, say with --axis what the size counts, and append several runs to one file: each is a round

    no axis
    error: file:1: llm/prefill/16: what its size counts is unknown
      help: write the file with cargo criterion --message-format=json, call group.throughput(Throughput::Elements(size)) for each size, say with --axis what the size counts, and append several runs to one file: each is a round

    no measurement
    error: file: the run is empty
      help: write the file with cargo criterion --message-format=json, call group.throughput(Throughput::Elements(size)) for each size, say with --axis what the size counts, and append several runs to one file: each is a round
    ");
}
