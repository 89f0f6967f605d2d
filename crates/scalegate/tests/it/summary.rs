//! A verdict as JSON and as a summary in Markdown.

use insta::assert_snapshot;
use scalegate::analysis::{self, Check, Expected};
use scalegate::baseline::Store;
use scalegate::config::GateSettings;
use scalegate::gate::{Outcome, Reason};
use scalegate::metric::Metric;
use scalegate::workload::WorkloadName;

use crate::check::{ROUNDS, changed, encode, prefill};
use crate::support::{RUN, TOKENS, knee, line, rows, stdout};

#[test]
fn the_same_verdict_comes_out_as_json_and_as_markdown() {
    let place = changed(&prefill(line), &prefill(|n| 2.0 * line(n)));
    let json: serde_json::Value =
        serde_json::from_str(&stdout(&place.scalegate("check --format json").code(1))).unwrap();
    assert_eq!(json["verdict"], "regressed");
    assert_snapshot!("verdict_as_markdown", stdout(&place.scalegate("check --format markdown").code(1)));
}

/// What a summary says of how to see a verdict again where `here` is measured.
fn again(here: &[&str]) -> String {
    again_with(here, |_| {})
}

/// The same of a check that is edited before.
fn again_with(here: &[&str], edit: impl FnOnce(&mut Check)) -> String {
    let place = changed(&prefill(line), &prefill(|n| 2.0 * line(n)));
    let (run, store) = (place.record(), Store::new(place.path("baselines")));
    let check = analysis::check(std::slice::from_ref(&run), &store, &GateSettings::default(), &Expected::default());
    let mut check = check.unwrap();
    edit(&mut check);
    let laws = analysis::laws(&run, &store, |_| true).unwrap();
    let here: Vec<WorkloadName> = here.iter().map(|name| (*name).into()).collect();
    let markdown = scalegate::report::check_markdown(&check, &[laws], &here);
    let (_, again) = markdown.split_once("See it again:").unwrap();
    again.to_owned()
}

#[test]
fn a_summary_tells_how_to_see_it_again_where_it_was_measured() {
    assert_snapshot!(again(&["llm/prefill"]), @"
    ```sh
    scalegate run --workload llm/prefill --metric wall_time
    scalegate check
    ```
    ");
    assert_snapshot!(again(&[]), @"
    ```sh
    # measure the imported workloads again with their tool, and import what it writes
    scalegate import --help
    scalegate check
    ```
    ");
}

#[test]
fn what_a_run_left_out_is_measured_by_a_run_and_not_imported() {
    let left_out = |check: &mut Check| {
        check.findings.truncate(1);
        check.findings[0].workload = "vlm/encode".into();
        check.findings[0].metric = Metric::Instructions;
        check.findings[0].outcome = Outcome::Inconclusive;
        check.findings[0].reason = Some(Reason::NotMeasured);
    };
    assert_snapshot!(again_with(&["llm/prefill"], left_out), @"
    ```sh
    scalegate run --workload vlm/encode --metric instructions
    scalegate check
    ```
    ");
}

#[test]
fn a_summary_without_a_baseline_of_the_host_compares_with_the_smallest_size() {
    let place = changed(&encode(knee(200_704.0)), &encode(knee(401_408.0)));
    std::fs::remove_dir_all(place.path("baselines/hosts")).unwrap();
    place.edit(RUN, "\"class\":\"imported\"", "\"class\":\"another\"");
    assert_snapshot!("summary_of_another_host", stdout(&place.scalegate("check --format markdown").code(1)));
}

#[test]
fn a_name_in_a_summary_is_no_markup() {
    let name = "<b>x</b> @me `y` | [z](http://w)";
    let costs = |cost: fn(f64) -> f64| rows(name, "tokens", &TOKENS, ROUNDS, cost);
    let place = changed(&costs(line), &costs(|n| 2.0 * line(n)));
    assert_snapshot!("name_as_markup", stdout(&place.scalegate("check --format markdown").code(1)));
}
