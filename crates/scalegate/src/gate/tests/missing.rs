//! What is missing never passes.

use super::suite::{BASE, cases};
use crate::gate::{Case, Outcome, Policy, Scope, Verdict, decide};
use crate::law::Observations;
use crate::law::simulate::cells;

fn case() -> Case {
    cases(&BASE, &BASE, 8, cells(0.005), 1, &[Scope::Shape]).swap_remove(0)
}

#[track_caller]
fn assert_inconclusive(case: Case, words: &str) {
    let report = decide(&[case], &Policy::default());
    assert_eq!((report.verdict, report.verdict.exit_code()), (Verdict::Inconclusive, 3));
    assert!(report.findings[0].words.contains(words), "{}", report.findings[0].words);
}

#[test]
fn a_whole_case_passes() {
    let report = decide(&[case()], &Policy::default());
    assert_eq!(report.verdict, Verdict::Pass, "{:#?}", report.findings);
}

#[test]
fn nothing_at_all_is_inconclusive() {
    assert_eq!(decide(&[], &Policy::default()).verdict, Verdict::Inconclusive);
}

#[test]
fn missing_sides_are_inconclusive() {
    assert_inconclusive(Case { baseline: None, ..case() }, "the baseline has no such measurement");
    assert_inconclusive(Case { run: None, ..case() }, "the run has no such measurement");
    assert_inconclusive(Case { withheld: Some("the host was throttled".to_owned()), ..case() }, "throttled");
}

#[test]
fn missing_sizes_are_inconclusive() {
    let run = case().run.and_then(|run| run.restricted_to(&[16.0, 32.0, 64.0, 128.0, 256.0]));
    assert_inconclusive(Case { run, ..case() }, "lacks the size of 512 tokens");
}

#[test]
fn one_round_without_a_noise_bound_is_inconclusive() {
    let run = case().run.and_then(|run| Observations::new(run.points().filter(|&(_, round, _)| round == 0)).ok());
    assert_inconclusive(Case { run, ..case() }, "one round");
}

#[test]
fn too_few_sizes_are_inconclusive() {
    let few = |side: Option<Observations>| side.and_then(|o| o.restricted_to(&[16.0, 32.0]));
    assert_inconclusive(Case { baseline: few(case().baseline), run: few(case().run), ..case() }, "sizes or more");
}

#[test]
fn an_invalid_tolerance_is_inconclusive() {
    let mut case = case();
    case.tolerances.growth = f64::NAN;
    assert_inconclusive(case, "tolerance growth");
}

#[test]
fn what_costs_nothing_on_both_sides_passes() {
    let free = || Observations::new((0..5).flat_map(|r| (1..6).map(move |n| (f64::from(n), r, 0.0)))).ok();
    let report = decide(&[Case { baseline: free(), run: free(), ..case() }], &Policy::default());
    assert_eq!(report.verdict, Verdict::Pass);
    assert_inconclusive(Case { baseline: free(), run: None, ..case() }, "the run has no such measurement");
}

#[test]
fn exact_rounds_are_compared_exactly() {
    for scope in [Scope::Shape, Scope::Absolute] {
        let case = cases(&BASE, &BASE, 3, cells(0.0), 1, &[scope]);
        let report = decide(&case, &Policy::default());
        assert_eq!(report.verdict, Verdict::Pass, "{:#?}", report.findings);
        assert!(report.findings.iter().all(|f| f.outcome == Outcome::Pass));
    }
}
