//! From a check to a comment, and what a digest that somebody wrote to do harm comes to.

use std::path::Path;

use serde_json::{Value, json};

use super::*;
use crate::error::Result;

fn finding() -> Value {
    json!({"host": "h", "workload": "llm/decode", "metric": "instructions", "outcome": "regressed", "words": "slope"})
}

fn good() -> Value {
    json!({
        "schema": 1,
        "pull_request": 7,
        "commit": "a".repeat(40),
        "verdict": "regressed",
        "summary": "of 3 quantities, 1 regressed",
        "findings": [finding()],
        "not_shown": 0,
        "notes": [],
    })
}

/// The good digest with another value in a field.
fn changed(field: &str, value: Value) -> Value {
    let mut digest = good();
    digest[field] = value;
    digest
}

fn read(text: &str) -> Result<Digest> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("digest.json");
    std::fs::write(&path, text).unwrap();
    Digest::read(&path)
}

/// A check with these findings, in the form that the command line prints.
fn check(verdict: &str, findings: &[Value], notes: &[Value]) -> CheckFile {
    let whole = |it: &Value| {
        let mut whole = json!({
            "scope": "absolute", "quantity": "slope", "unit": "instructions/token", "baseline": 1.0, "run": 2.0,
            "change": {"estimate": 1.0, "lower": 0.99, "upper": 1.01}, "relative": true, "confidence": 0.999,
            "tolerance": 0.002,
        });
        for (key, value) in it.as_object().unwrap() {
            whole[key] = value.clone();
        }
        whole
    };
    let findings: Vec<Value> = findings.iter().map(whole).collect();
    let text = json!({"schema": 1, "verdict": verdict, "findings": findings, "subject_changes": [], "notes": notes});
    CheckFile::parse("check.json", &text.to_string()).unwrap()
}

fn with(changes: Value) -> Value {
    let mut it = finding();
    for (key, value) in changes.as_object().unwrap() {
        it[key] = value.clone();
    }
    it
}

#[test]
fn a_good_digest_becomes_a_comment_with_the_verdict_first() {
    let mut digest = good();
    digest["not_shown"] = json!(3);
    digest["notes"] = json!(["h: wall_time does not gate"]);
    let digest = read(&digest.to_string()).unwrap();
    insta::assert_snapshot!(comment(&digest, Some("https://github.com/o/n/actions/runs/1")), @"
    <!-- scalegate verdict -->
    ## scalegate: regressed: this change costs more, beyond the tolerance

    `of 3 quantities, 1 regressed`

    - **regressed** `llm/decode` `instructions` on `h`: `slope`
    - and 3 more

    <details><summary>What does not gate</summary>

    - `h: wall_time does not gate`

    </details>

    See it again with `cargo xtask pull-request`, or [in this run](https://github.com/o/n/actions/runs/1). Measured at aaaaaaaaaaaa.
    ");
    assert_eq!((digest.pull_request(), digest.commit()), (Some(7), "a".repeat(40).as_str()));
}

#[test]
fn markup_stays_within_code() {
    let evil = "x` <img src=//e> @everyone [a](//b) \n# title \u{202e}\0 ``` | #1";
    let mut digest = good();
    digest["findings"] = json!([with(json!({"words": evil, "workload": evil, "host": evil, "metric": evil}))]);
    digest["summary"] = json!(evil);
    digest["notes"] = json!([evil]);
    let text = comment(&read(&digest.to_string()).unwrap(), None);
    assert_eq!(text.matches("@everyone").count(), 6);
    for line in text.lines().filter(|line| line.contains("@everyone")) {
        assert_eq!(line.matches('`').count() % 2, 0, "{line}");
        let outside: String = line.split('`').step_by(2).collect();
        for harm in ["<img", "@", "](", "#", "|"] {
            assert!(!outside.contains(harm), "{line}");
        }
    }
    assert!(!text.contains('\u{202e}') && !text.contains('\0'));
}

#[test]
fn what_does_not_fit_is_refused() {
    let long = |n: usize| json!("x".repeat(n));
    let mut missing = good();
    missing.as_object_mut().unwrap().remove("pull_request");
    let bad = [
        "no json".to_owned(),
        "[".repeat(100_000),
        good().to_string() + &" ".repeat(70_000),
        good().to_string().replace("\"h\"", "\"\u{0}\""),
        missing.to_string(),
        changed("schema", json!(2)).to_string(),
        changed("verdict", json!("fine")).to_string(),
        changed("verdict", json!(["pass"])).to_string(),
        changed("pull_request", json!("7")).to_string(),
        changed("pull_request", json!(true)).to_string(),
        changed("pull_request", json!(-1)).to_string(),
        changed("pull_request", json!(7.5)).to_string(),
        changed("pull_request", json!(1_u64 << 32)).to_string(),
        changed("commit", json!("$(id)")).to_string(),
        changed("commit", json!("A".repeat(40))).to_string(),
        changed("not_shown", json!(-1)).to_string(),
        changed("summary", long(501)).to_string(),
        changed("findings", json!(vec![finding(); 51])).to_string(),
        changed("findings", json!([with(json!({"outcome": "**pass**"}))])).to_string(),
        changed("findings", json!([with(json!({"outcome": "pass"}))])).to_string(),
        changed("findings", json!([with(json!({"outcome": 1}))])).to_string(),
        changed("findings", json!([with(json!({"words": long(501)}))])).to_string(),
        changed("findings", json!([with(json!({"more": ""}))])).to_string(),
        changed("notes", json!("note")).to_string(),
        changed("notes", json!(vec![""; 51])).to_string(),
        changed("notes", json!([1])).to_string(),
        changed("more", json!(1)).to_string(),
    ];
    for digest in bad {
        let shown: String = digest.chars().take(120).collect();
        assert!(read(&digest).is_err(), "{shown}");
    }
    assert!(Digest::read(Path::new("/dev/zero")).is_err());
    for digest in
        [good(), changed("commit", json!("")), changed("pull_request", json!(null)), changed("summary", long(500))]
    {
        read(&digest.to_string()).unwrap();
    }
}

#[test]
fn a_digest_of_a_check_is_one_that_the_comment_takes() {
    let mut findings: Vec<Value> =
        (0..70).map(|i| with(json!({"words": "a".repeat(900), "workload": format!("w{i}")}))).collect();
    findings.insert(0, with(json!({"outcome": "pass"})));
    findings.push(with(json!({"outcome": "improved"})));
    let notes = vec![json!({"host": "h", "words": "b".repeat(900)}); 70];
    let origin = Origin { pull_request: Some(7), commit: "b".repeat(40).parse().unwrap() };
    let made = Digest::new(&check("mixed", &findings, &notes), origin);
    let digest = read(&made.json().unwrap()).unwrap();
    assert_eq!(digest, made);
    let text = comment(&digest, None);
    assert!(text.contains("`of 72 quantities, 70 regressed, 1 improved, 1 within tolerance`"), "{text}");
    assert!(text.contains("- **regressed** `w0`") && text.contains("- and 51 more"), "{text}");
}

const CONFIGURATION: &str = r#"
[[workload]]
name = "llm/decode"
[[instructions.workload]]
tokens = [1]
name = "llm/decode" # counted
[[resources.workload]]
name = "llm/decode"
[[model]]
name = "own"
"#;

#[test]
fn annotations_name_the_line_of_the_workload_and_are_one_line_each() {
    let findings = [
        with(json!({"metric": "wall_time", "outcome": "inconclusive"})),
        with(json!({"words": "one\ntwo 5 %"})),
        with(json!({"metric": "cpu_auc", "outcome": "improved"})),
        with(json!({"workload": "own/llm/decode", "metric": "heap_bytes", "outcome": "improved"})),
        with(json!({"workload": "llm/decode", "metric": "peak_rss", "outcome": "pass"})),
        with(json!({"workload": "none", "metric": "wall_time"})),
    ];
    let check = check("mixed", &findings, &[]);
    insta::assert_snapshot!(annotations(&check, Some(&ConfigurationLines::parse("a,b.toml", CONFIGURATION).unwrap())), @"
    ::error file=a%2Cb.toml,line=6,title=llm/decode instructions on h::one two 5 %25
    ::error file=a%2Cb.toml,line=1,title=none wall_time on h::slope
    ::notice file=a%2Cb.toml,line=8,title=llm/decode cpu_auc on h::slope
    ::notice file=a%2Cb.toml,line=10,title=own/llm/decode heap_bytes on h::slope
    ::warning file=a%2Cb.toml,line=3,title=llm/decode wall_time on h::slope
    ");
    insta::assert_snapshot!(annotations(&check, None).lines().next().unwrap(), @"::error title=llm/decode instructions on h::one two 5 %25");
}

#[test]
fn a_fault_is_inconclusive_and_said() {
    let digest = Digest::fault("no host has sent a record:\n100 % of them", Origin::default());
    insta::assert_snapshot!(comment(&read(&digest.json().unwrap()).unwrap(), None), @"
    <!-- scalegate verdict -->
    ## scalegate: inconclusive: not shown to be within tolerance, nor beyond it

    `no host has sent a record: 100 % of them`

    See it again with `cargo xtask pull-request`.
    ");
    insta::assert_snapshot!(fault_annotation("no host has sent a record:\n100 % of them"), @"::error title=scalegate::no host has sent a record: 100 %25 of them");
    insta::assert_snapshot!(fault_summary(&digest), @"
    ## scalegate: inconclusive

    `no host has sent a record: 100 % of them`
    ");
}

#[test]
fn noise_is_a_row_for_each_quantity_that_was_compared() {
    let findings = [
        with(json!({"workload": "a,b"})),
        with(json!({"change": null})),
        with(json!({"quantity": "cost_largest", "scope": "shape", "outcome": "inconclusive"})),
    ];
    let rows = noise_rows(&check("regressed", &findings, &[]), &"2026-01-31".parse().unwrap(), true).unwrap();
    insta::assert_snapshot!(rows, @r#"
    date,host,workload,metric,scope,quantity,outcome,change,lower,upper
    2026-01-31,h,"a,b",instructions,absolute,slope,regressed,1.0000,0.9900,1.0100
    2026-01-31,h,llm/decode,instructions,shape,cost_largest,inconclusive,1.0000,0.9900,1.0100
    "#);
}

#[test]
fn what_is_no_check_of_this_schema_is_refused() {
    let refused = |text: &str| CheckFile::parse("check.json", text).unwrap_err().to_string();
    insta::assert_snapshot!(refused("{}"), @"
    check.json: not the JSON of a check: missing field `schema` at line 1 column 2
      help: give what `scalegate check --format json` of this version prints
    ");
    let other = r#"{"schema": 2, "verdict": "pass", "findings": [], "subject_changes": [], "notes": []}"#;
    insta::assert_snapshot!(refused(other), @"
    check.json: a check of schema 2, but this scalegate reads schema 1
      help: give what `scalegate check --format json` of this version prints
    ");
}
