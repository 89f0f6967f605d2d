//! `scalegate compare A B`: what the second run costs beside the first.

use serde_json::Value;

use crate::support::{Place, TOKENS, line, rows, stdout};

/// Imports costs as `name`.
fn import(place: &Place, name: &str, rows: &str) {
    place.write("costs.csv", format!("workload,axis,metric,unit,size,round,value\n{rows}"));
    place.scalegate(&format!("import csv costs.csv --out {name}")).success();
}

fn prefill(cost: impl Fn(f64) -> f64) -> String {
    rows("llm/prefill", "tokens", &TOKENS, 8, cost)
}

fn pair(before: &str, after: &str) -> Place {
    let place = Place::new();
    import(&place, "a.json", before);
    import(&place, "b.json", after);
    place
}

#[test]
fn what_is_slower_is_said_with_rates_and_exits_with_1() {
    let place = pair(&prefill(line), &prefill(|n| 2.0 * line(n)));
    let text = stdout(&place.scalegate("compare a.json b.json").code(1));
    assert!(text.starts_with("REGRESSED: the second run costs more"), "{text}");
    assert!(text.contains("slope from 150 µs to 300 µs per token"), "{text}");
    assert!(text.contains("tokens per second at 1024 tokens from 6"), "{text}");
    let json: Value =
        serde_json::from_str(&stdout(&place.scalegate("compare a.json b.json --format json").code(1))).unwrap();
    let change = &json["tokens_per_second"][0]["change"];
    assert!((change["estimate"].as_f64().unwrap() + 0.5).abs() < 0.02, "{change}");
    assert!(change["lower"].as_f64() <= change["estimate"].as_f64(), "{change}");
    let markdown = stdout(&place.scalegate("compare a.json b.json --format markdown").code(1));
    assert!(markdown.contains("| `llm/prefill` | wall\\_time | slope | regressed |"), "{markdown}");
}

#[test]
fn what_is_faster_or_the_same_exits_with_0() {
    let text = stdout(&pair(&prefill(line), &prefill(|n| 0.5 * line(n))).scalegate("compare a.json b.json").code(0));
    assert!(text.starts_with("IMPROVED: the second run costs less"), "{text}");
    let text = stdout(&pair(&prefill(line), &prefill(line)).scalegate("compare a.json b.json").code(0));
    assert!(text.starts_with("PASS: the second run costs the same"), "{text}");
}

#[test]
fn another_host_and_a_missing_workload_are_not_comparable() {
    let place = pair(&prefill(line), &prefill(line));
    let run = place.read("b.json");
    place.write("b.json", run.replace("\"kernel\":\"not told\"", "\"kernel\":\"7.0\""));
    let text = stdout(&place.scalegate("compare a.json b.json").code(3));
    assert!(text.contains("host.kernel: not told → 7.0"), "{text}");
    let decode = rows("llm/decode", "tokens", &TOKENS, 8, line);
    let text = stdout(&pair(&(prefill(line) + &decode), &prefill(line)).scalegate("compare a.json b.json").code(3));
    assert!(text.contains("llm/decode wall_time") && text.contains("the second run did not measure it"), "{text}");
}

#[test]
fn what_neither_run_could_measure_is_named_and_decides_nothing() {
    let place = pair(&prefill(line), &prefill(line));
    let energy = r#""series":[{"workload":"llm/prefill","axis":"tokens","metric":"energy","unit":"J","unavailable":"no meter"},"#;
    let with_energy = place.read("b.json").replace("\"series\":[", energy);
    place.write("b.json", &with_energy);
    let text = stdout(&place.scalegate("compare a.json b.json").code(0));
    assert!(text.contains("available to neither run, and not compared: energy"), "{text}");
}

#[test]
fn what_is_required_and_neither_run_could_measure_is_no_pass() {
    let place = pair(&prefill(line), &prefill(line));
    for name in ["a.json", "b.json"] {
        let energy = r#""series":[{"workload":"llm/prefill","axis":"tokens","metric":"energy","unit":"J","unavailable":"no meter"},"#;
        place.write(name, place.read(name).replace("\"series\":[", energy));
    }
    place.write(
        "suite.toml",
        format!("{}\n[gate]\nrequired = [\"wall_time\", \"energy\"]\n", crate::support::bench::SUITE),
    );
    let text = stdout(&place.scalegate("compare a.json b.json").code(3));
    assert!(text.contains("llm/prefill energy") && text.contains("no meter"), "{text}");
}
