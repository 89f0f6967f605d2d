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
fn hyperfine_runs_of_a_size_are_one_round_and_its_parameter_is_the_size() {
    let run = imported("hyperfine", &fixture("hyperfine.json"), "");
    let samples = samples(&run, "seq {tokens}", "wall_time");
    assert_eq!(samples.len(), 8);
    assert_eq!(samples[0]["values"].as_array().unwrap().len(), 6, "one after the other");
    let raw: Value = serde_json::from_str(&fixture("hyperfine.json")).unwrap();
    assert_eq!(samples[0]["size"], 200_000);
    assert_eq!(samples[0]["values"][0], raw["results"][0]["times"][0]);
    assert_eq!(samples[1]["round"], 0);
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
      help: write the file with hyperfine --parameter-scan tokens 16 1024 … --export-json FILE, and say with --axis what the size counts, or call the parameter tokens, pixels or bytes

    a command that failed
    error: file: results[0]: `x 4` ended with exit code 1
      help: write the file with hyperfine --parameter-scan tokens 16 1024 … --export-json FILE, and say with --axis what the size counts, or call the parameter tokens, pixels or bytes

    a command that was killed
    error: file: results[0]: `x 4` ended with a signal
      help: write the file with hyperfine --parameter-scan tokens 16 1024 … --export-json FILE, and say with --axis what the size counts, or call the parameter tokens, pixels or bytes

    a parameter that is no size
    error: file: results[0]: the parameter tokens is `x`, and not a whole number above zero
      help: write the file with hyperfine --parameter-scan tokens 16 1024 … --export-json FILE, and say with --axis what the size counts, or call the parameter tokens, pixels or bytes

    no times
    error: file: results[0]: it has no `times`
      help: write the file with hyperfine --parameter-scan tokens 16 1024 … --export-json FILE, and say with --axis what the size counts, or call the parameter tokens, pixels or bytes

    a parameter that is no axis
    error: file: results[0]: what the parameter `n` counts is unknown
      help: write the file with hyperfine --parameter-scan tokens 16 1024 … --export-json FILE, and say with --axis what the size counts, or call the parameter tokens, pixels or bytes

    two parameters
    error: file: results[0]: it is unknown which of its arguments is the size: a=4, b=5
      help: write the file with hyperfine --parameter-scan tokens 16 1024 … --export-json FILE, and say with --axis what the size counts, or call the parameter tokens, pixels or bytes

    no JSON
    error: file: EOF while parsing an object at line 1 column 1
      help: write the file with hyperfine --parameter-scan tokens 16 1024 … --export-json FILE, and say with --axis what the size counts, or call the parameter tokens, pixels or bytes
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
fn google_benchmark_repetitions_of_a_size_are_one_round_and_its_argument_is_the_size() {
    let run = imported("google-benchmark", &fixture("google_benchmark.json"), "--axis tokens");
    let samples = samples(&run, "BM_Attention", "wall_time");
    assert_eq!(samples.len(), 6);
    assert_eq!(samples[0]["values"].as_array().unwrap().len(), 5, "aggregates are no samples");
    let raw: Value = serde_json::from_str(&fixture("google_benchmark.json")).unwrap();
    let first = raw["benchmarks"][0]["real_time"].as_f64().unwrap() * 1e-9;
    assert_eq!(samples[0]["values"][0].as_f64().unwrap(), first);
    assert_eq!(samples[5]["size"], 2048);
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
          help: run the benchmark with --benchmark_format=json, and with --benchmark_filter if not all have a size; give it its size as its one argument, as in BENCHMARK(Prefill)->Range(16, 1024)->Repetitions(8), and say with --axis what the size counts, or name several arguments with ArgNames, one of them as the axis

        a failure
        error: file: benchmarks[0], P/4: it failed: no model
          help: run the benchmark with --benchmark_format=json, and with --benchmark_filter if not all have a size; give it its size as its one argument, as in BENCHMARK(Prefill)->Range(16, 1024)->Repetitions(8), and say with --axis what the size counts, or name several arguments with ArgNames, one of them as the axis

        an unknown unit
        error: file: benchmarks[0], P/4: its time_unit is min
          help: run the benchmark with --benchmark_format=json, and with --benchmark_filter if not all have a size; give it its size as its one argument, as in BENCHMARK(Prefill)->Range(16, 1024)->Repetitions(8), and say with --axis what the size counts, or name several arguments with ArgNames, one of them as the axis
        "
    );
}

#[test]
fn llama_bench_tests_are_prefill_and_generation_of_their_model() {
    let place = Place::new();
    place.write("file", fixture("llama_bench.json"));
    place.scalegate("import llama-bench file").success();
    let run: Value = serde_json::from_str(&place.read("target/scalegate/run.json")).unwrap();
    assert_eq!(samples(&run, "qwen2 0.5B Q4_K - Medium/prefill", "wall_time").len(), 6);
    assert_eq!(samples(&run, "qwen2 0.5B Q4_K - Medium/generate", "wall_time").len(), 4);
    assert_eq!(run["series"][0]["protocol"]["n_threads"], "4");
    assert_eq!(run["series"][1]["tokens"], json!({"16": 16, "32": 32, "64": 64, "128": 128, "256": 256, "512": 512}));
    assert_eq!(run["provenance"]["host"]["cpu"], "a made-up processor");
    assert_snapshot!(stdout(&place.scalegate("fit").success()), @"
    qwen2 0.5B Q4_K - Medium/generate  wall_time  linear       9.00 ms/token [8.92 ms/token, 9.08 ms/token], intercept 1.52 ms [-795 µs, 3.83 ms], curvature -0.5 % [-11.0 %, 9.9 %], R² 1.0000
    qwen2 0.5B Q4_K - Medium/prefill   wall_time  linear       1.50 ms/token [1.49 ms/token, 1.50 ms/token], intercept 2.09 ms [1.91 ms, 2.26 ms], curvature -0.6 % [-1.1 %, -0.1 %], R² 1.0000
    ");
}

#[test]
fn a_record_of_a_tool_that_names_its_commit_is_an_import_like_others() {
    let place = Place::new();
    place.write("file", fixture("llama_bench.json"));
    place.scalegate("import llama-bench file").success();
    place.scalegate("accept --reason first").success();
    place.write("scalegate.toml", "[gate]\nrequired = [\"instructions\"]\n");
    // One round does not show a shape; that counts are required of the suite is no concern of an import.
    let check = stdout(&place.scalegate("check").code(3));
    assert!(!check.contains("instructions"), "{check}");
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
    error: file: there is no result of a benchmark in it
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
    let bytes = bytes.replacen("llm/prefill/16", "llm/prefill/short", 1);
    let cases = [
        ("no size", bytes, "--axis tokens"),
        ("no JSON", "not json".to_owned(), "--axis tokens"),
        ("no axis", fixture("criterion.jsonl"), ""),
        ("no measurement", "{\"reason\":\"group-complete\"}".to_owned(), "--axis tokens"),
    ];
    assert_snapshot!(list(cases.map(|(what, text, options)| (what, refused("criterion", &text, options)))), @"
    no size
    error: file:1: llm/prefill/short: it has neither a throughput in elements nor a number at the end of its name, and so no size
      help: name the directory target/criterion, or a file that cargo criterion --message-format=json wrote; give a benchmark its size with group.throughput(Throughput::Elements(size)) or as the parameter of its BenchmarkId, and say with --axis what the size counts

    no JSON
    error: file:1: expected ident at line 1 column 2
      help: name the directory target/criterion, or a file that cargo criterion --message-format=json wrote; give a benchmark its size with group.throughput(Throughput::Elements(size)) or as the parameter of its BenchmarkId, and say with --axis what the size counts

    no axis
    error: file:1: llm/prefill/16: what its size counts is unknown
      help: name the directory target/criterion, or a file that cargo criterion --message-format=json wrote; give a benchmark its size with group.throughput(Throughput::Elements(size)) or as the parameter of its BenchmarkId, and say with --axis what the size counts

    no measurement
    error: file: there is no result of a benchmark in it
      help: name the directory target/criterion, or a file that cargo criterion --message-format=json wrote; give a benchmark its size with group.throughput(Throughput::Elements(size)) or as the parameter of its BenchmarkId, and say with --axis what the size counts
    ");
}

/// What an import says, and the rounds of its record.
fn read(format: &str, texts: &[&str], options: &str) -> (String, usize) {
    let place = Place::new();
    let names: Vec<String> = (0..texts.len()).map(|i| format!("file-{i}")).collect();
    for (name, text) in names.iter().zip(texts) {
        place.write(name, text);
    }
    let said = place.scalegate(&format!("import {format} {} {options}", names.join(" "))).success();
    (crate::support::stderr(&said), place.record().series[0].n_rounds() as usize)
}

#[test]
fn an_import_says_whether_repetitions_took_turns() {
    let google = |names: &[&str]| {
        let texts: Vec<String> = names.iter().map(|name| fixture(name)).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        read("google-benchmark", &texts, "--axis tokens")
    };
    let (consecutive, interleaved) = (google(&[FIRST]), google(&["google_benchmark_interleaved.json"]));
    let both = google(&[FIRST, BESIDE_A_BUILD]);
    let hyperfine = read("hyperfine", &[&fixture("hyperfine.json")], "");
    assert_eq!([consecutive.1, interleaved.1, both.1, hyperfine.1], [1, 5, 2, 1]);
    assert_snapshot!(
        list([
            ("consecutive", consecutive.0),
            ("interleaved", interleaved.0),
            ("two runs", both.0),
            ("hyperfine", hyperfine.0),
        ]),
        @"
        consecutive
        1 series in target/scalegate/run.json: 5 repetitions, one after the other at each size, are one round of each file: one round
        note: one round doesn't show its noise, so that shapes stay inconclusive: measure with --benchmark_enable_random_interleaving=true, or import several runs at once (`… A.json B.json`)

        interleaved
        1 series in target/scalegate/run.json: repetitions that take turns over the sizes are rounds: 5 rounds

        two runs
        1 series in target/scalegate/run.json: 5 repetitions, one after the other at each size, are one round of each file: 2 rounds

        hyperfine
        1 series in target/scalegate/run.json: 6 repetitions, one after the other at each size, are one round of each file: one round
        note: one round doesn't show its noise, so that shapes stay inconclusive: import several runs at once (`… A B`)
        "
    );
}

const FIRST: &str = "google_benchmark_first.json";
const BESIDE_A_BUILD: &str = "google_benchmark_beside_a_build.json";

/// A run of Google Benchmark, all of whose times are `factor` times those of a fixture.
fn times(name: &str, factor: f64) -> String {
    let mut run: Value = serde_json::from_str(&fixture(name)).unwrap();
    for benchmark in run["benchmarks"].as_array_mut().unwrap() {
        benchmark["real_time"] = json!(factor * benchmark["real_time"].as_f64().unwrap());
    }
    run.to_string()
}

/// Imports runs, the last as the one that is checked, and accepts the others.
fn checked_against(accepted: &[String], run: &str) -> Place {
    let place = Place::new();
    let import = |text: &str, out: &str| {
        place.write("file", text);
        place.scalegate(&format!("import google-benchmark file --axis tokens --out {out}")).success();
    };
    let names: Vec<String> = (0..accepted.len()).map(|i| format!("{i}.json")).collect();
    for (text, name) in accepted.iter().zip(&names) {
        import(text, name);
    }
    place.scalegate(&format!("accept {} --reason before", names.join(" "))).success();
    import(run, crate::support::RUN);
    place
}

#[test]
fn the_same_program_beside_a_build_is_inconclusive_and_no_regression() {
    let place = checked_against(&[fixture(FIRST)], &fixture(BESIDE_A_BUILD));
    assert_snapshot!(stdout(&place.scalegate("check").code(3)), @"
    INCONCLUSIVE: of 1 quantities, 1 inconclusive

    inconclusive  BM_Attention wall_time (shape)
      not compared: the baseline has one round, which doesn't show its noise: measure at least 5, in which sizes take turns

    note: wall_time of BM_Attention: absolute costs are left to shapes, counts and pairs (the largest change: slope of BM_Attention: +45.7 %, between -4.7 % and +122.6 %); the baseline is one run, which does not show how runs differ: `scalegate ab` compares two revisions in pairs, and `scalegate accept` of more runs sees finer
    ");
    // The figures of the case that was reported: its repetitions were read as rounds, +92.6 % [39.8, 165.5] and exit code 1.
    let place = checked_against(&[fixture(FIRST)], &times(FIRST, 1.926));
    assert_snapshot!(stdout(&place.scalegate("check").code(3)), @"
    INCONCLUSIVE: of 1 quantities, 1 inconclusive

    inconclusive  BM_Attention wall_time (shape)
      not compared: the baseline has one round, which doesn't show its noise: measure at least 5, in which sizes take turns

    note: wall_time of BM_Attention: absolute costs are left to shapes, counts and pairs (the largest change: slope of BM_Attention: +92.6 %, between +26.1 % and +194.3 %); the baseline is one run, which does not show how runs differ: `scalegate ab` compares two revisions in pairs, and `scalegate accept` of more runs sees finer
    ");
    place.write("scalegate.toml", "[gate]\nrequired_costs = [\"wall_time\"]\n");
    assert_snapshot!(stdout(&place.scalegate("check").code(3)), @"
    INCONCLUSIVE: of 4 quantities, 4 inconclusive

    inconclusive  BM_Attention wall_time (shape)
      not compared: the baseline has one round, which doesn't show its noise: measure at least 5, in which sizes take turns

    inconclusive  BM_Attention wall_time (cost)
      cost at 64 tokens from 1.40 µs to 2.70 µs (+92.6 %, between +26.1 % and +194.3 %): likely beyond, but not sure enough for an alarm ±15 %; the baseline is one run, which does not show how runs differ: `scalegate ab` compares two revisions in pairs, and `scalegate accept` of more runs sees finer

    inconclusive  BM_Attention wall_time (cost)
      cost at 2048 tokens from 2.45 ms to 4.73 ms (+92.6 %, between +26.1 % and +194.3 %): likely beyond, but not sure enough for an alarm ±15 %; the baseline is one run, which does not show how runs differ: `scalegate ab` compares two revisions in pairs, and `scalegate accept` of more runs sees finer

    inconclusive  BM_Attention wall_time (cost)
      slope from 1.26 µs to 2.43 µs per token (+92.6 %, between +26.1 % and +194.3 %): likely beyond, but not sure enough for an alarm ±15 %; the baseline is one run, which does not show how runs differ: `scalegate ab` compares two revisions in pairs, and `scalegate accept` of more runs sees finer
    ");
}

#[test]
fn a_doubling_is_caught_with_five_accepted_runs() {
    let accepted = [1.0, 0.97, 1.03, 1.02, 0.98].map(|factor| times(FIRST, factor));
    let place = checked_against(&accepted, &times(FIRST, 2.0));
    assert_snapshot!(stdout(&place.scalegate("check").code(1)), @"
    REGRESSED: of 4 quantities, 3 regressed, 1 inconclusive

    regressed  BM_Attention wall_time (cost)
      cost at 64 tokens from 1.40 µs to 2.81 µs (+100.1 %, between +40.9 % and +183.9 %; ±15 % tolerated)

    regressed  BM_Attention wall_time (cost)
      cost at 2048 tokens from 2.45 ms to 4.91 ms (+100.1 %, between +40.9 % and +183.9 %; ±15 % tolerated)

    regressed  BM_Attention wall_time (cost)
      slope from 1.26 µs to 2.53 µs per token (+100.1 %, between +40.9 % and +183.9 %; ±15 % tolerated)

    inconclusive  BM_Attention wall_time (shape)
      not compared: the baseline has one round, which doesn't show its noise: measure at least 5, in which sizes take turns
    ");
    // Of one program that runs as the accepted ones do there is nothing to say.
    let same = checked_against(&accepted, &fixture(FIRST));
    assert!(!stdout(&same.scalegate("check").code(3)).contains("regressed"));
}

#[test]
fn interleaved_repetitions_show_their_shape() {
    let interleaved = fixture("google_benchmark_interleaved.json");
    let place = checked_against(std::slice::from_ref(&interleaved), &interleaved);
    place.write("scalegate.toml", "[gate.tolerance.wall_time]\ngrowth = 3.0\ncurvature_share = 0.5\n");
    assert_snapshot!(stdout(&place.scalegate("check").code(0)), @"
    PASS: of 3 quantities, 3 within tolerance

    pass  BM_Attention wall_time: class, growth, curvature share

    note: wall_time of BM_Attention: absolute costs are left to shapes, counts and pairs (the largest change: slope of BM_Attention: +0.0 %, between -34.3 % and +52.3 %); the baseline is one run, which does not show how runs differ: `scalegate ab` compares two revisions in pairs, and `scalegate accept` of more runs sees finer
    ");
}
