//! Changes of a staircase end as what they are.

use crate::Axis;
use crate::config::Tolerances;
use crate::gate::{
    Budget, Case, Demand, Finding, Outcome, Policy, Quantity, Reason, Report, Scope, Side, Verdict, decide,
    decide_with_budgets,
};
use crate::law::simulate::{Noise, TILES, seeded};
use crate::law::{Observations, PredictError};
use crate::metric::Metric;

/// Steps of 5 after these sizes, on 10.
fn stairs(places: &[f64]) -> impl Fn(f64) -> f64 {
    move |p| 10.0 + 5.0 * places.iter().filter(|place| **place < p).count() as f64
}

const PLACES: [f64; 3] = [4.5e5, 8.5e5, 1.25e6];

fn case(scope: Scope, noise: Option<f64>, [baseline, run]: [Observations; 2]) -> Case {
    Case {
        host: "simulated".to_owned(),
        workload: "vlm/encode".into(),
        metric: Metric::WallTime,
        axis: Axis::PIXELS,
        unit: "s".to_owned(),
        scope,
        tolerances: Tolerances::default(),
        noise,
        paired: false,
        looks: Vec::new(),
        further: Vec::new(),
        demand: Demand::Decided,
        baseline: Some(baseline),
        run: Some(run),
        withheld: None,
    }
}

/// Ten rounds of the staircase and of a law that it has become.
fn sides(seed: u64, law: impl Fn(f64) -> f64) -> [Observations; 2] {
    let noise = Noise { round: 0.03, ..Noise::cells(0.02) };
    [seeded(&TILES, 10, noise, 2 * seed, stairs(&PLACES)), seeded(&TILES, 10, noise, 2 * seed + 1, law)]
}

fn report(seed: u64, law: impl Fn(f64) -> f64) -> Report {
    decide(&[case(Scope::Shape, None, sides(seed, law))], &Policy::default())
}

fn finding(report: &Report, quantity: Quantity) -> &Finding {
    report.findings.iter().find(|f| f.quantity == quantity).unwrap()
}

#[test]
fn an_unchanged_staircase_passes() {
    for seed in 0..20 {
        let report = report(seed, stairs(&PLACES));
        assert_eq!(report.verdict, Verdict::Pass, "{:#?}", report.findings);
    }
}

#[test]
fn steps_that_a_cap_no_longer_holds_back_raise_the_cost_of_their_treads() {
    for seed in 0..5 {
        let report = report(seed, stairs(&[4.5e5, 8.5e5, 1.25e6, 1.65e6, 2.05e6]));
        assert_eq!(finding(&report, Quantity::Growth).outcome, Outcome::Regressed, "{:#?}", report.findings);
        assert_eq!(report.verdict, Verdict::Regressed, "{:#?}", report.findings);
    }
}

/// The sizes at which the growth to a tread came out like this.
fn treads(report: &Report, outcome: Outcome) -> Vec<f64> {
    let its = report.findings.iter().filter(|f| f.quantity == Quantity::Tread && f.outcome == outcome);
    its.map(|f| f.range.unwrap().largest).collect()
}

#[test]
fn a_step_at_a_smaller_size_is_a_regression_and_at_a_larger_one_an_improvement() {
    for seed in 0..5 {
        let [earlier, later] =
            [[4.5e5, 6.5e5, 1.25e6], [4.5e5, 1.15e6, 1.25e6]].map(|places| report(seed, stairs(&places)));
        assert_eq!(treads(&earlier, Outcome::Regressed), [8e5], "{:#?}", earlier.findings);
        assert_eq!(earlier.verdict, Verdict::Regressed);
        // 15 instead of 20.
        assert!(treads(&later, Outcome::Regressed).is_empty(), "{:#?}", later.findings);
        assert_ne!(treads(&later, Outcome::Pass).len(), 4, "{:#?}", later.findings);
    }
}

#[test]
fn the_rate_of_false_alarms_is_shared_by_every_size_that_may_come_to_be_compared_by_itself() {
    let report = report(0, stairs(&[4.5e5, 6.5e5, 1.25e6]));
    let alarm = report.findings.iter().find(|its| its.outcome == Outcome::Regressed).unwrap();
    let compared = report.findings.iter().filter(|its| its.change.is_some()).count();
    let candidates = compared + TILES.len() - 1;
    let rate = 0.5 * (1.0 - alarm.confidence.unwrap());
    assert!((rate * candidates as f64 / Policy::default().alpha - 1.0).abs() < 0.01, "{:#?}", report.findings);
}

#[test]
fn the_step_that_moved_down_counts_whatever_another_did() {
    // One step moves far up, where costs hardly differ, and one a little down.
    let before = stairs(&[3.5e5, 6.5e5, 1.25e6]);
    let after = |p: f64| 10.0 + [2.5e5, 6.5e5, 1.85e6].iter().filter(|place| **place < p).count() as f64 * 5.0;
    for seed in 0..5 {
        let noise = Noise { round: 0.03, ..Noise::cells(0.02) };
        let sides = [seeded(&TILES, 10, noise, 2 * seed, &before), seeded(&TILES, 10, noise, 2 * seed + 1, after)];
        let report = decide(&[case(Scope::Shape, None, sides)], &Policy::default());
        assert_eq!(treads(&report, Outcome::Regressed), [3e5], "{:#?}", report.findings);
        assert!(matches!(report.verdict, Verdict::Regressed | Verdict::Mixed), "{:#?}", report.findings);
    }
}

#[test]
fn fewer_steps_that_are_dearer_are_no_improvement() {
    // Two steps become one that is higher than both: fewer steps, and more cost between them.
    for seed in 0..5 {
        let report = report(seed, |p| match p {
            ..4.5e5 => 10.0,
            ..1.25e6 => 30.0,
            _ => 31.0,
        });
        assert!(!treads(&report, Outcome::Regressed).is_empty(), "{:#?}", report.findings);
        assert_eq!(report.verdict, Verdict::Regressed);
    }
}

#[test]
fn a_dearer_size_within_a_tread_does_not_pass() {
    for dear in [2e5, 6e5, 1e6, 2e6] {
        for seed in 0..5 {
            let report = report(seed, |p| stairs(&PLACES)(p) * if p == dear { 1.6 } else { 1.0 });
            assert_eq!(treads(&report, Outcome::Regressed), [dear], "{:#?}", report.findings);
        }
    }
}

#[test]
fn a_tread_that_climbs_does_not_pass() {
    // Its mean is what it was.
    for seed in 0..5 {
        let report = report(seed, |p| {
            let climbed = if p > 1.25e6 { 25.0 * (p - 1.85e6) / 1.2e6 } else { 0.0 };
            stairs(&PLACES)(p) + climbed
        });
        assert!(matches!(report.verdict, Verdict::Regressed | Verdict::Mixed), "{:#?}", report.findings);
    }
}

#[test]
fn an_unchanged_staircase_keeps_its_treads_in_pairs() {
    for seed in 0..5 {
        let pairs = |scope| {
            let sides = [0, 1].map(|side| seeded(&TILES, 20, Noise::cells(0.01), 2 * seed + side, stairs(&PLACES)));
            Case { paired: true, ..case(scope, None, sides) }
        };
        let report = decide(&[pairs(Scope::Shape), pairs(Scope::Absolute)], &Policy::default());
        assert_eq!(report.verdict, Verdict::Pass, "{:#?}", report.findings);
    }
}

#[test]
fn counts_are_compared_at_every_size_that_no_tread_follows() {
    // Counts, which have no noise but a bound: steps with sizes that are off them.
    let ragged = |p: f64| 1e6 * (stairs(&PLACES)(p) + 0.03 * (p / 7e4).sin());
    let counts = |law: &dyn Fn(f64) -> f64| Observations::new(TILES.map(|p| (p, 0, law(p)))).unwrap();
    let narrow = Tolerances { growth: 0.002, cost: 0.002, ..Tolerances::default() };
    let report = |after: &dyn Fn(f64) -> f64| {
        let its = case(Scope::Shape, Some(2e-5), [counts(&ragged), counts(after)]);
        decide(&[Case { tolerances: narrow, ..its }], &Policy::default())
    };
    assert_eq!(report(&ragged).verdict, Verdict::Pass);
    let dearer = report(&|p| ragged(p) * if p == 1.5e6 { 1.003 } else { 1.0 });
    assert_eq!(treads(&dearer, Outcome::Regressed).len(), 1, "{:#?}", dearer.findings);
    assert_eq!(dearer.verdict, Verdict::Regressed);
}

#[test]
fn another_law_with_the_same_ends_does_not_pass_where_costs_differ() {
    let between = |share: fn(f64) -> f64| move |p: f64| 10.0 + 15.0 * share((p - TILES[0]) / (TILES[23] - TILES[0]));
    for seed in 0..5 {
        let above = report(seed, between(f64::sqrt));
        assert_eq!(finding(&above, Quantity::Growth).outcome, Outcome::Pass, "{:#?}", above.findings);
        assert!(matches!(above.verdict, Verdict::Regressed | Verdict::Mixed), "{:#?}", above.findings);
        // Cheaper between, which another class doesn't make an improvement.
        let below = report(seed, between(|share| share.powi(3)));
        assert_eq!(finding(&below, Quantity::Growth).outcome, Outcome::Pass, "{:#?}", below.findings);
        assert_eq!(below.verdict, Verdict::Inconclusive, "{:#?}", below.findings);
    }
}

#[test]
fn a_budget_beyond_the_steps_is_not_judged() {
    let [run, _] = sides(1, stairs(&PLACES));
    let budget = |at| Budget {
        host: "simulated".to_owned(),
        workload: "vlm/encode".into(),
        metric: Metric::WallTime,
        axis: Axis::PIXELS,
        unit: "s".to_owned(),
        at,
        at_most: 100.0,
        noise: None,
        looks: Vec::new(),
        run: Some(run.clone()),
        accepted: Vec::new(),
        withheld: None,
    };
    let report = decide_with_budgets(&[], &[budget(2.4e6), budget(3e6)], &Policy::default());
    assert_eq!(report.findings[0].outcome, Outcome::Pass, "{:#?}", report.findings);
    assert_eq!(report.findings[1].outcome, Outcome::Inconclusive, "{:#?}", report.findings);
    let beyond = PredictError::BeyondSteps { size: 3e6, largest: 2.4e6 }.to_string();
    assert_eq!(report.findings[1].reason, Some(Reason::Unusable(Side::Run, beyond)));
}
