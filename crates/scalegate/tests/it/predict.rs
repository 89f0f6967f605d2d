//! `scalegate predict` on costs whose law is known.

use insta::assert_snapshot;
use serde_json::Value;

use crate::support::{PIXELS, Place, TOKENS, knee, line, list, rows, stderr, stdout};

fn place() -> Place {
    let place = Place::new();
    place.import(
        &(rows("llm/prefill", "tokens", &TOKENS, 8, line) + &rows("vlm/encode", "pixels", &PIXELS, 8, knee(2e5))),
    );
    place
}

fn answer(place: &Place, line: &str) -> String {
    stdout(&place.scalegate(&format!("predict {line}")).success())
}

#[test]
fn a_size_that_was_not_measured_has_a_cost_with_an_interval_and_what_it_rests_on() {
    let place = place();
    let asked =
        ["--workload llm/prefill --at 700", "--workload llm/prefill --at 4096", "--workload vlm/encode --at 4e6"];
    assert_snapshot!(list(asked.map(|line| (line, answer(&place, line)))));
}

#[test]
fn a_limit_has_a_largest_size() {
    let place = place();
    let of = |limit: &str, code: i32| {
        stdout(&place.command("predict --workload llm/prefill --within").arg(limit).assert().code(code))
    };
    assert_snapshot!(list([("100 ms", 0), ("1 h", 0), ("1 ms", 1)].map(|(limit, code)| (limit, of(limit, code)))));
}

#[test]
fn the_json_has_the_same_numbers() {
    let place = place();
    let said: Value = serde_json::from_str(&answer(&place, "--workload llm/prefill --at 2048 --format json")).unwrap();
    assert_eq!((&said["law"], &said["extrapolation"]), (&"linear".into(), &2.0.into()));
    let cost = |name: &str| said["cost"][name].as_f64().unwrap();
    assert!(cost("lower") < line(2048.0) && line(2048.0) < cost("upper"), "{said}");
    let said: Value =
        serde_json::from_str(&answer(&place, "--workload llm/prefill --within 100ms --format json")).unwrap();
    assert_eq!((&said["fits"], &said["limit"]), (&"up_to".into(), &0.1.into()));
    assert!((600.0..660.0).contains(&said["size"].as_f64().unwrap()), "{said}");
}

#[test]
fn what_cannot_be_answered_is_refused_with_what_can() {
    let place = place();
    let asked = [
        "--at 4096",
        "--workload llm/decode --at 64",
        "--workload llm/prefill --metric energy --at 64",
        "--workload llm/prefill --at 4097",
        "--workload llm/prefill --at 15",
        "--workload llm/prefill --at NaN",
        "--workload vlm/encode --at 4k",
        "--workload llm/prefill --within 500MB",
        "--workload llm/prefill --within 500",
    ];
    assert_snapshot!(list(asked.map(|line| (line, place.refused(&format!("predict {line}"))))));
    place.scalegate("predict --workload llm/prefill").code(2);
    place.scalegate("predict --workload llm/prefill --at 64 --within 1s").code(2);
}

#[test]
fn without_a_law_there_is_no_prediction() {
    let place = Place::new();
    place.import(&rows("llm/prefill", "tokens", &[16, 32], 5, line));
    assert_snapshot!(stderr(&place.scalegate("predict --at 32").code(3)));
}
