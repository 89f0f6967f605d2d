//! Counts: where they come from, what they are valid for, and what is said where there are none.

use std::collections::BTreeMap;
use std::path::Path;

use scalegate::metric::Metric;
use scalegate::record::Run;

use crate::support::bench::SUITE;
use crate::support::{Place, TOKENS, stderr, stdout};

/// What the counting targets run in these tests.
const INSTRUCTIONS: &str = r#"
[gate]
required = ["instructions"]

[instructions]
models.llm = { hidden = 64, layers = 2, heads = 4, kv_heads = 2, intermediate = 96, vocabulary = 256 }

[instructions.models.vlm]
min_pixels = 3136
max_pixels = 50176
vision = { hidden = 32, layers = 2, heads = 2, intermediate = 64 }
text = { hidden = 64, layers = 2, heads = 4, kv_heads = 2, intermediate = 96, vocabulary = 256 }

[[instructions.workload]]
name = "llm/decode"
tokens = [4, 8, 16, 32]
"#;

/// Runs the counting target without a Valgrind on `PATH`.
fn without_valgrind(place: &Place) -> String {
    std::fs::create_dir_all(place.path("empty")).unwrap();
    let nowhere = place.path("empty").display().to_string();
    stderr(&place.bench_with("instructions", "--verbose", &[("PATH", &nowhere)]).success())
}

/// Fails where nothing can be counted: a test that passed there would have seen nothing.
fn need_valgrind() {
    let output = std::process::Command::new("valgrind").arg("--version").output();
    assert!(output.is_ok_and(|output| output.status.success()), "this test needs Valgrind: `apt-get install valgrind`");
}

fn counts(run: &Run, metric: Metric) -> BTreeMap<u64, f64> {
    let series = run.series("llm/decode", metric).unwrap();
    series.samples.iter().map(|sample| (sample.size, sample.values[0])).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn without_valgrind_the_run_goes_on_and_the_record_says_why_there_are_no_counts() {
    let place = Place::with_suite(INSTRUCTIONS);
    let messages = without_valgrind(&place);
    assert!(
        messages.contains("instructions: unavailable: valgrind is not on PATH; install it, for instance with"),
        "{messages}"
    );

    let run = place.record();
    let series = run.series("llm/decode", Metric::Instructions).unwrap();
    assert!(series.samples.is_empty(), "a count that was not taken is no zero");
    insta::assert_snapshot!(series.unavailable.as_deref().unwrap(), @"valgrind is not on PATH; install it, for instance with `sudo apt-get install valgrind`");

    let text = stdout(&place.scalegate("check").code(3));
    assert!(text.contains("unavailable: valgrind is not on PATH"), "{text}");
}

#[test]
fn a_class_of_hosts_that_need_not_count_is_told_what_does_not_gate() {
    let place = Place::with_suite(&format!("{INSTRUCTIONS}\n[gate.host.imported]\nrequired = [\"wall_time\"]\n"));
    let costs = crate::support::rows("llm/prefill", "tokens", &TOKENS, 8, crate::support::line)
        + &crate::support::rows("llm/decode", "tokens", &TOKENS, 8, crate::support::line)
        + &crate::support::rows("vlm/encode", "pixels", &TOKENS, 8, crate::support::line)
        + &crate::support::rows("vlm/preprocess", "pixels", &TOKENS, 8, crate::support::line);
    place.import(&costs);
    place.scalegate("accept --reason first").success();
    place.scalegate("check").code(0);
    let path = place.path("target/scalegate/run.json");
    let mut run = place.record();
    let mut series = run.series[0].clone();
    series.metric = Metric::Instructions;
    series.unit = Metric::Instructions.unit().to_owned();
    series.samples.clear();
    series.unavailable = Some("valgrind is not on PATH".to_owned());
    run.series.push(series);
    scalegate::record::write_json(&path, &run).unwrap();
    let text = stdout(&place.scalegate("check").code(0));
    assert!(text.contains("note: instructions of llm/decode does not gate: unavailable: valgrind is not"), "{text}");
}

#[test]
fn counts_repeat_to_the_instruction_and_pass_against_themselves() {
    let place = Place::with_suite(INSTRUCTIONS);
    need_valgrind();
    place.bench("instructions", "").success();
    let first = place.record();
    assert_eq!(counts(&first, Metric::Instructions).keys().copied().collect::<Vec<_>>(), [4, 8, 16, 32]);
    assert!(counts(&first, Metric::Instructions).values().all(|count| *count > 1e5), "{first:?}");
    let by_size: Vec<f64> = counts(&first, Metric::Instructions).into_values().collect();
    assert!(by_size.is_sorted(), "a longer context takes more: {by_size:?}");
    place.scalegate("accept --reason first").success();

    // A longer environment moves the stack, and a measured process must not notice.
    place.bench_with("instructions", "", &[("SOME_VARIABLE", &"x".repeat(999))]).success();
    let second = place.record();
    for metric in [Metric::Instructions, Metric::Branches, Metric::D1Misses, Metric::LlMisses] {
        assert_eq!(counts(&first, metric), counts(&second, metric), "{metric}");
    }
    let text = stdout(&place.scalegate("check").code(0));
    assert!(text.starts_with("PASS"), "{text}");

    // Nor does it matter which other cases are counted, or what the file takes memory for: where an inference finds memory,
    // which the misses of a cache depend on, is not where it takes more instructions.
    place.write("suite.toml", longer(&INSTRUCTIONS.replace("[4, 8, 16, 32]", "[4, 32]")));
    place.bench("instructions", "").success();
    let third = place.record();
    for metric in [Metric::Instructions, Metric::Branches] {
        let mut expected = counts(&first, metric);
        expected.retain(|size, _| [4, 32].contains(size));
        assert_eq!(counts(&third, metric), expected, "{metric}");
    }
}

/// A suite that measures the same, with more in its file.
fn longer(section: &str) -> String {
    let words: String = (0..500).map(|i| format!("# Line {i} of what somebody wrote into this file.\n")).collect();
    let hosts: String = (0..40).map(|i| format!("[gate.host.machine-{i}]\nrequired = []\n")).collect();
    format!("{words}{SUITE}\n{section}\n[gate.tolerance.instructions]\nslope = 0.002\n{hosts}")
}

/// With matrices this small, the operators that compression adds take more instructions than its products save.
#[test]
fn a_compressed_model_that_is_slower_than_its_original_is_said_to_be() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/families/gpt2").display().to_string();
    let model = |path: &str| {
        format!("[[model]]\nname = \"mine\"\npath = \"{path}\"\nworkloads = [\"llm/decode\"]\ncounted = true\n")
    };
    let place = Place::with_suite(&format!("{INSTRUCTIONS}\n{}", model(&fixture)));
    need_valgrind();
    place.bench("instructions", "mine/llm/decode").success();
    std::fs::rename(place.path("target/scalegate/run.json"), place.path("original.json")).unwrap();
    place.scalegate(&format!("compress {fixture} --out small --rank 14 --all")).success();
    place.write("suite.toml", format!("{SUITE}\n{INSTRUCTIONS}\n{}", model("small")));
    place.bench("instructions", "mine/llm/decode").success();
    let text = stdout(&place.scalegate("compare original.json target/scalegate/run.json").code(1));
    assert!(text.starts_with("REGRESSED: the second run costs more"), "{text}");
    let changed: Vec<&str> = text.lines().filter(|line| line.contains("mine/llm/decode instructions")).collect();
    assert!(!changed.is_empty(), "{text}");
}

#[test]
fn allocations_are_counted_without_valgrind_and_repeat() {
    let place = Place::with_suite(INSTRUCTIONS);
    place.bench("heap", "").success();
    let first = place.record();
    assert!(counts(&first, Metric::HeapBytes).values().all(|bytes| *bytes > 1e3));
    place.bench("heap", "").success();
    for metric in [Metric::HeapBytes, Metric::HeapBlocks] {
        assert_eq!(counts(&first, metric), counts(&place.record(), metric));
    }
}

#[test]
fn counts_of_another_compiler_are_not_comparable_and_the_message_says_how_to_go_on() {
    let place = Place::with_suite(&INSTRUCTIONS.replace("\"instructions\"", "\"heap_bytes\""));
    place.bench("heap", "").success();
    place.scalegate("accept --reason first").success();
    place.scalegate("check").code(0);
    let path = place.path("target/scalegate/run.json");
    let mut run = place.record();
    for series in &mut run.series {
        series.protocol.insert("rustc".to_owned(), "9.99.0".to_owned());
    }
    scalegate::record::write_json(&path, &run).unwrap();
    let text = stdout(&place.scalegate("check").code(3));
    assert!(text.contains("not comparable: there is no baseline of it for") && text.contains("9.99.0"), "{text}");
    assert!(text.contains("(there are counts for ") && text.contains("rustc-1."), "{text}");
    assert!(text.contains("`scalegate run --metric heap_bytes` and `scalegate accept --reason …`"), "{text}");
}

#[test]
fn imported_counts_gate_to_half_a_percent_of_slope() {
    let place = Place::new();
    let counts = |slope: f64| -> String {
        TOKENS
            .map(|n| {
                format!("llm/decode,tokens,instructions,instructions,{n},0,{}\n", (5e5 + slope * n as f64).round())
            })
            .concat()
    };
    place.import(&counts(4000.0));
    place.scalegate("accept --reason first").success();
    place.scalegate("check").code(0);
    place.import(&counts(4020.0));
    let text = stdout(&place.scalegate("check").code(1));
    assert!(text.contains("slope from 4"), "{text}");
}

#[test]
fn a_metric_that_is_not_gated_cannot_be_required() {
    let place = Place::with_suite(&INSTRUCTIONS.replace("\"instructions\"", "\"d1_misses\""));
    let message = stderr(&place.scalegate("check").code(2));
    insta::assert_snapshot!(message, @"
    error: suite.toml:44: d1_misses is required, but it is not gated: it explains other metrics
      help: change the value in this section
    ");
}
