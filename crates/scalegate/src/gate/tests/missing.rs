//! What is missing never passes.

use super::suite::{BASE, cases};
use crate::Axis;
use crate::gate::{Case, Demand, Outcome, Policy, Reason, Scope, Side, Verdict, decide};
use crate::law::simulate::Noise;
use crate::law::{FitError, Observations};

fn case() -> Case {
    cases(&BASE, &BASE, 8, Noise::cells(0.005), 1, &[Scope::Shape]).swap_remove(0)
}

#[track_caller]
fn assert_inconclusive(case: Case, reason: Reason) {
    let report = decide(&[case], &Policy::default());
    assert_eq!((report.verdict, report.verdict.exit_code()), (Verdict::Inconclusive, 3));
    assert_eq!(report.findings[0].reason, Some(reason));
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
    assert_inconclusive(Case { baseline: None, ..case() }, Reason::Absent(Side::Baseline));
    assert_inconclusive(Case { run: None, ..case() }, Reason::Absent(Side::Run));
    assert_inconclusive(Case { withheld: Some(Reason::NotMeasured), ..case() }, Reason::NotMeasured);
}

#[test]
fn what_is_missing_and_not_asked_for_is_no_part_of_the_verdict() {
    let optional = Case { baseline: None, demand: Demand::Nothing, ..case() };
    let report = decide(&[case(), optional.clone()], &Policy::default());
    assert_eq!((report.verdict, report.undecided.len()), (Verdict::Pass, 1));
    assert_eq!(report.undecided[0].reason, Some(Reason::Absent(Side::Baseline)));
    // Alone it is no pass either, and what has to be comparable is no note.
    assert_eq!(decide(std::slice::from_ref(&optional), &Policy::default()).verdict, Verdict::Inconclusive);
    let comparable = Case { demand: Demand::Comparable, ..optional };
    assert_inconclusive(comparable, Reason::Absent(Side::Baseline));
}

#[test]
fn missing_sizes_are_inconclusive() {
    let run = case().run.and_then(|run| run.restricted_to(&[16.0, 32.0, 64.0, 128.0, 192.0, 256.0]));
    assert_inconclusive(Case { run, ..case() }, Reason::MissingSize { size: 512.0, axis: Axis::TOKENS });
}

#[test]
fn one_round_without_a_noise_bound_is_inconclusive() {
    let run = case().run.and_then(|run| Observations::new(run.points().filter(|&(_, round, _)| round == 0)).ok());
    assert_inconclusive(Case { run, ..case() }, Reason::OneRound(Side::Run));
}

#[test]
fn too_few_sizes_are_inconclusive() {
    let few = |side: Option<Observations>| side.and_then(|o| o.restricted_to(&[16.0, 32.0]));
    let case = Case { baseline: few(case().baseline), run: few(case().run), ..case() };
    assert_inconclusive(case, Reason::NoLaw(Side::Baseline, FitError::TooFewSizes { found: 2 }));
}

#[test]
fn an_invalid_tolerance_is_inconclusive() {
    let mut case = case();
    case.tolerances.growth = -1.0;
    assert_inconclusive(case, Reason::Tolerance { name: "growth", value: -1.0 });
}

#[test]
fn what_costs_nothing_on_both_sides_passes() {
    let free = || Observations::new((0..5).flat_map(|r| (1..6).map(move |n| (f64::from(n), r, 0.0)))).ok();
    let report = decide(&[Case { baseline: free(), run: free(), ..case() }], &Policy::default());
    assert_eq!(report.verdict, Verdict::Pass);
    assert_inconclusive(Case { baseline: free(), run: None, ..case() }, Reason::Absent(Side::Run));
}

#[test]
fn exact_rounds_are_compared_exactly() {
    let case = cases(&BASE, &BASE, 3, Noise::cells(0.0), 1, &[Scope::Shape]);
    let report = decide(&case, &Policy::default());
    assert_eq!(report.verdict, Verdict::Pass, "{:#?}", report.findings);
    assert!(report.findings.iter().all(|f| f.outcome == Outcome::Pass));
}
