//! Changes of a staircase end as what they are.

use crate::Axis;
use crate::config::Tolerances;
use crate::gate::{Case, Demand, Finding, Outcome, Policy, Quantity, Report, Scope, Verdict, decide};
use crate::law::simulate::{Noise, TILES, seeded};
use crate::law::{Class, Observations};
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
fn steps_that_a_cap_no_longer_holds_back_are_more_steps() {
    for seed in 0..5 {
        let report = report(seed, stairs(&[4.5e5, 8.5e5, 1.25e6, 1.65e6, 2.05e6]));
        let steps = finding(&report, Quantity::Steps);
        assert_eq!(steps.outcome, Outcome::Regressed, "{steps:?}");
        assert!((steps.baseline.unwrap() - 3.0).abs() < 0.3 && (steps.run.unwrap() - 5.0).abs() < 0.3, "{steps:?}");
        assert_eq!(finding(&report, Quantity::StepPlace).outcome, Outcome::Pass);
        assert_eq!(report.verdict, Verdict::Regressed, "{:#?}", report.findings);
    }
}

#[test]
fn a_step_at_a_smaller_size_is_a_regression_and_at_a_larger_one_an_improvement() {
    for seed in 0..5 {
        let [earlier, later] = [[4.5e5, 6.5e5, 1.25e6], [4.5e5, 1.05e6, 1.25e6]].map(|places| {
            let report = report(seed, stairs(&places));
            finding(&report, Quantity::StepPlace).clone()
        });
        assert_eq!(earlier.outcome, Outcome::Regressed, "{earlier:?}");
        assert!((earlier.run.unwrap() / 6.5e5 - 1.0).abs() < 0.05, "{earlier:?}");
        assert_eq!(later.outcome, Outcome::Improved, "{later:?}");
    }
}

#[test]
fn an_unchanged_staircase_keeps_its_steps_in_pairs() {
    for seed in 0..5 {
        let pairs = |scope| {
            let sides = [0, 1].map(|side| seeded(&TILES, 20, Noise::cells(0.01), 2 * seed + side, stairs(&PLACES)));
            Case { paired: true, ..case(scope, None, sides) }
        };
        let report = decide(&[pairs(Scope::Shape), pairs(Scope::Absolute)], &Policy::default());
        assert!(matches!(report.verdict, Verdict::Pass | Verdict::Inconclusive), "{:#?}", report.findings);
        for quantity in [Quantity::Steps, Quantity::StepPlace, Quantity::SlopeShare] {
            assert_eq!(finding(&report, quantity).outcome, Outcome::Pass, "{:#?}", report.findings);
        }
    }
}

#[test]
fn a_tile_that_costs_more_has_higher_steps() {
    // Counts, which have no noise but a bound.
    let dearer = |p: f64| 1.1 * stairs(&PLACES)(p) - 1.0;
    let counts = |law: &dyn Fn(f64) -> f64| Observations::new(TILES.map(|p| (p, 0, 1e6 * law(p)))).unwrap();
    let its = case(Scope::Absolute, Some(2e-5), [counts(&stairs(&PLACES)), counts(&dearer)]);
    let narrow = Tolerances { level: 0.05, ..Tolerances::default() };
    let report = decide(&[Case { tolerances: narrow, ..its }], &Policy::default());
    let height = finding(&report, Quantity::StepHeight);
    assert!((height.run.unwrap() / height.baseline.unwrap() - 1.1).abs() < 1e-3, "{height:?}");
    assert_eq!(height.outcome, Outcome::Regressed, "{height:?}");
}

#[test]
fn a_line_instead_of_steps_is_another_law() {
    for seed in 0..5 {
        let report = report(seed, |p| 8.0 + 1e-5 * p);
        let share = finding(&report, Quantity::SlopeShare);
        assert_eq!(share.classes, Some((Class::Staircase, Class::Linear)));
        assert_eq!(share.outcome, Outcome::Regressed, "{share:?}");
    }
}
