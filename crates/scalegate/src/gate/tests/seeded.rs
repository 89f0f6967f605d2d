//! Seeded regressions and improvements end as what they are, and unchanged suites raise no alarm.

use super::suite::{BASE, CLAMP, Suite, cases, with_accepted};
use crate::Axis;
use crate::config::Tolerances;
use crate::gate::{Case, Demand, Finding, Outcome, Policy, Quantity, Report, Scope, Verdict, decide};
use crate::law::simulate::{Noise, PIXELS};
use crate::law::{Class, Observations};
use crate::metric::Metric;

const SEEDS: u64 = 10;

/// Runs in a baseline, of which a doubling of absolute costs takes several.
const ACCEPTED: usize = 10;

fn policy() -> Policy {
    Policy { resamples: 199, ..Policy::default() }
}

fn report(change: impl Fn(&mut Suite), scope: Scope, seed: u64) -> Report {
    let mut changed = BASE;
    change(&mut changed);
    let cases = cases(&BASE, &changed, 8, Noise::laptop(0.03), seed, &[scope]);
    decide(&with_accepted(cases, ACCEPTED, seed), &policy())
}

fn finding<'a>(report: &'a Report, workload: &str, quantity: Quantity) -> &'a Finding {
    report.findings.iter().find(|f| f.workload == *workload && f.quantity == quantity).unwrap()
}

fn ratio(finding: &Finding) -> f64 {
    finding.run.unwrap() / finding.baseline.unwrap()
}

#[track_caller]
fn assert_regressed(
    change: impl Fn(&mut Suite),
    scope: Scope,
    workload: &str,
    quantity: Quantity,
    is_told: impl Fn(&Finding) -> bool,
) {
    for seed in 0..SEEDS {
        let report = report(&change, scope, seed);
        let finding = finding(&report, workload, quantity);
        assert_eq!(finding.outcome, Outcome::Regressed, "{finding:?}");
        assert!(is_told(finding), "{finding:?}");
        assert_eq!(report.verdict, Verdict::Regressed, "{:#?}", report.findings);
    }
}

#[test]
fn an_unchanged_suite_raises_no_alarm() {
    let (mut n, mut passed) = (0, 0);
    for (scope, sd) in [(Scope::Shape, 0.01), (Scope::Shape, 0.03), (Scope::Absolute, 0.01), (Scope::Absolute, 0.05)] {
        for seed in 0..75 {
            let report = decide(&cases(&BASE, &BASE, 8, Noise::laptop(sd), 7000 + seed, &[scope]), &policy());
            assert!(matches!(report.verdict, Verdict::Pass | Verdict::Inconclusive), "{:#?}", report.findings);
            if (scope, sd) == (Scope::Shape, 0.01) {
                n += 1;
                passed += u32::from(report.verdict == Verdict::Pass);
            }
        }
    }
    assert!(passed >= n * 9 / 10, "{passed} of {n} pass");
}

#[test]
fn doubled_slope_is_caught() {
    let change = |s: &mut Suite| s.laws[0] = |n| 0.8 + 0.22 * n * (1.0 + 0.08 * n / 1024.0);
    assert_regressed(change, Scope::Absolute, "llm/prefill", Quantity::Slope, |it| ratio(it) > 1.5);
}

#[test]
fn lost_kv_cache_is_caught_by_shape_alone() {
    let change = |s: &mut Suite| s.laws[1] = |n| 0.8 + 0.11 * n * (1.0 + 0.08 * n / 1024.0);
    let is_over_all_sizes = |it: &Finding| it.range.is_some_and(|at| (at.smallest, at.largest) == (16.0, 1024.0));
    assert_regressed(change, Scope::Shape, "llm/decode", Quantity::Growth, is_over_all_sizes);
}

#[test]
fn doubled_clamp_is_reported_as_knee_moved() {
    let change = |s: &mut Suite| {
        s.laws[4] = |p| 3.0 + 4e-4 * p.min(2.0 * CLAMP) * (1.0 + 0.3 * p.min(2.0 * CLAMP) / CLAMP);
    };
    assert_regressed(change, Scope::Shape, "vlm/encode", Quantity::Breakpoint, |it| ratio(it) > 1.5);
}

#[test]
fn removed_clamp_is_reported_as_knee_vanished() {
    let change = |s: &mut Suite| s.laws[5] = |p| 10.0 + 6e-4 * p;
    assert_regressed(change, Scope::Shape, "vlm/prompt", Quantity::Knee, |it| {
        it.classes.is_some_and(|(before, after)| before == Class::Knee && after != Class::Knee)
    });
}

#[test]
fn doubled_level_is_caught() {
    let change = |s: &mut Suite| s.laws[4] = |p| 2.0 * BASE.laws[4](p);
    assert_regressed(change, Scope::Absolute, "vlm/encode", Quantity::Level, |it| ratio(it) > 1.5);
}

#[test]
fn a_change_where_the_law_is_off_is_read_off_the_costs() {
    // Costs that no law follows to their ends, and a square of size that makes them straighter.
    const LARGEST: f64 = PIXELS[PIXELS.len() - 1];
    let before = Suite { laws: [|p| 1e-4 * p.powf(0.8); 6] };
    let after = Suite { laws: [|p| 1e-4 * (p.powf(0.8) + LARGEST.powf(0.8) * (p / LARGEST).powi(2)); 6] };
    for seed in 0..SEEDS {
        let cases = cases(&before, &after, 10, Noise::cells(0.01), seed, &[Scope::Absolute]);
        let report = decide(&with_accepted(cases, ACCEPTED, seed), &policy());
        let finding = finding(&report, "vlm/preprocess", Quantity::CostLargest);
        let change = finding.change.unwrap().estimate;
        assert!((change - 1.0).abs() < 0.1, "{finding:?}");
        assert_eq!(finding.outcome, Outcome::Regressed, "{finding:?}");
    }
}

#[test]
fn new_clamp_is_reported_as_knee_appeared() {
    for seed in 0..SEEDS {
        let report = report(|s| s.laws[3] = |p| 0.3 + 6e-6 * p.min(4e5), Scope::Shape, seed);
        let finding = finding(&report, "vlm/preprocess", Quantity::Knee);
        assert_eq!(finding.outcome, Outcome::Improved, "{finding:?}");
        assert!(finding.classes.is_some_and(|(_, after)| after == Class::Knee), "{finding:?}");
        assert!(matches!(report.verdict, Verdict::Improved | Verdict::Inconclusive));
    }
}

#[test]
fn better_here_and_worse_there_is_mixed() {
    let change = |s: &mut Suite| {
        s.laws[0] = |n| 0.4 + 0.055 * n;
        s.laws[2] = |n| 33.0 + 0.24 * n;
    };
    let report = report(change, Scope::Absolute, 1);
    assert_eq!((report.verdict, report.verdict.exit_code()), (Verdict::Mixed, 1));
}

/// Counts with the steps of tiles and a spread of a part in 100,000.
fn counts(per_token: f64, ripple: f64) -> Observations {
    let sizes = [16.0, 64.0, 128.0, 250.0, 500.0, 1000.0];
    let count = |n: f64| 4e6 + per_token * 32.0 * (n / 32.0_f64).ceil();
    let wave = |i: usize| 1.0 + ripple * if i.is_multiple_of(2) { 1.0 } else { -1.0 };
    Observations::new(sizes.iter().enumerate().map(|(i, &n)| (n, 0, (count(n) * wave(i)).round()))).unwrap()
}

#[test]
fn counts_of_one_round_are_gated_by_their_noise_bound() {
    let verdict = |per_token: f64| {
        let case = |scope| Case {
            host: "simulated".to_owned(),
            workload: "llm/prefill".into(),
            metric: Metric::Instructions,
            axis: Axis::TOKENS,
            unit: "instructions".to_owned(),
            scope,
            tolerances: Tolerances::COUNTS,
            noise: Some(2e-5),
            paired: false,
            looks: Vec::new(),
            further: Vec::new(),
            demand: Demand::Decided,
            baseline: Some(counts(1e5, 1e-5)),
            run: Some(counts(per_token, -1e-5)),
            withheld: None,
        };
        decide(&[case(Scope::Absolute), case(Scope::Shape)], &Policy::default()).verdict
    };
    assert_eq!(verdict(1e5), Verdict::Pass);
    assert_eq!(verdict(1.0005e5), Verdict::Pass);
    assert_eq!(verdict(1.005e5), Verdict::Regressed);
    assert_eq!(verdict(0.995e5), Verdict::Improved);
}
