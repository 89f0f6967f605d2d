//! Pairs of rounds: what both sides met cancels, and intervals cover the true change.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::Axis;
use crate::config::Tolerances;
use crate::gate::{Case, Demand, Finding, Outcome, Policy, Quantity, Reason, Scope, Side, Verdict, decide};
use crate::law::Observations;
use crate::law::random::{standard_normal, uniform};
use crate::law::simulate::{Family, Noise, TOKENS, seeded};
use crate::metric::Metric;

/// What both sides of a pair meet: a machine that drifts, and from time to time is half as fast for some rounds.
fn shared(rounds: u32, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let (mut drift, mut step) = (0.0, 0.0);
    (0..rounds)
        .map(|_| {
            drift += 0.02 * standard_normal(rng);
            if uniform(rng) < 0.1 {
                step = if step == 0.0 { std::f64::consts::LN_2 } else { 0.0 };
            }
            drift + step
        })
        .collect()
}

/// Two sides of which the second costs `ratio` times as much, with noise of its own in every difference.
fn pair(rounds: u32, noise: Noise, ratio: f64, seed: u64) -> (Observations, Observations) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let shared = shared(rounds, &mut rng);
    let level = |round: u32| shared[round as usize].exp();
    let law = |n: f64| 1e-3 * (0.8 + 0.11 * n);
    let before = seeded(&TOKENS, rounds, Noise::cells(0.02), seed, law);
    let differences = seeded(&TOKENS, rounds, noise, seed + 1, |_| ratio);
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for ((size, round, cost), (.., difference)) in before.points().zip(differences.points()) {
        first.push((size, round, cost * level(round)));
        second.push((size, round, cost * level(round) * difference));
    }
    (Observations::new(first).unwrap(), Observations::new(second).unwrap())
}

fn cases((before, after): (Observations, Observations)) -> Vec<Case> {
    let case = |scope| Case {
        host: "simulated".to_owned(),
        workload: "llm/prefill".into(),
        metric: Metric::WallTime,
        axis: Axis::TOKENS,
        unit: "s".to_owned(),
        scope,
        tolerances: Tolerances::PAIRS,
        noise: None,
        paired: true,
        looks: Vec::new(),
        further: Vec::new(),
        demand: Demand::Decided,
        baseline: Some(before.clone()),
        run: Some(after.clone()),
        withheld: None,
    };
    vec![case(Scope::Absolute), case(Scope::Shape)]
}

/// The slope's finding, with an interval of 95 % where it passes.
fn slope(pair: (Observations, Observations)) -> Finding {
    let policy = Policy { miss: 0.025, resamples: 99, ..Policy::default() };
    let wide = Tolerances { slope: 0.5, ..Tolerances::PAIRS };
    let mut absolute = cases(pair).swap_remove(0);
    absolute.tolerances = wide;
    let report = decide(&[absolute], &policy);
    report.findings.into_iter().find(|finding| finding.quantity == Quantity::Slope).unwrap()
}

fn coverage(rounds: u32, noise: Noise, series: u64) -> f64 {
    let truth = 0.02;
    let covered = |seed: &u64| {
        let change = slope(pair(rounds, noise, 1.0 + truth, 7919 * seed)).change.unwrap();
        change.lower <= truth && truth <= change.upper
    };
    (0..series).filter(covered).count() as f64 / series as f64
}

#[test]
#[expect(clippy::print_stdout, reason = "the rates go into docs/ab.md")]
fn intervals_of_paired_changes_cover_the_truth() {
    for family in Family::ALL.into_iter().chain([Family::Persistent]) {
        for rounds in [20, 40] {
            // The errors of a round's sizes are shared in part, as those of a process are.
            let noise = Noise { family, cell: 0.01, round: 0.005, slow_rounds: 0.0, outliers: 0.0 };
            let rate = coverage(rounds, noise, 1_000);
            println!("| {} | {rounds} | {:.1} % |", family.name(), 100.0 * rate);
            // Next to nothing is known of an error that persistent, so that its intervals may be too wide.
            let right = if family == Family::Persistent { 0.9..=1.0 } else { 0.92..=0.98 };
            assert!(right.contains(&rate), "{} {rounds}: {rate}", family.name());
        }
    }
}

#[test]
fn a_machine_that_halves_its_speed_for_both_sides_changes_nothing() {
    let noise = Noise::cells(0.01);
    for seed in 0..20 {
        assert_eq!(decide(&cases(pair(40, noise, 1.0, seed)), &Policy::default()).verdict, Verdict::Pass, "{seed}");
        let slower = decide(&cases(pair(40, noise, 1.03, seed)), &Policy::default());
        assert_eq!(slower.verdict, Verdict::Regressed, "{seed}");
        let its = slower.findings.iter().find(|finding| finding.quantity == Quantity::Slope).unwrap();
        assert_eq!(its.outcome, Outcome::Regressed, "{seed}");
    }
}

#[test]
fn rounds_without_their_counterpart_are_no_pairs() {
    let (before, after) = pair(10, Noise::cells(0.01), 1.0, 1);
    let short = Observations::new(after.points().filter(|(_, round, _)| *round < 9)).unwrap();
    let report = decide(&cases((before.clone(), short)), &Policy::default());
    assert_eq!(report.verdict, Verdict::Inconclusive);
    assert_eq!(report.findings[0].reason, Some(Reason::NotInPairs));
    let gap = Observations::new(before.points().filter(|&(size, round, _)| (size, round) != (16.0, 3))).unwrap();
    let report = decide(&cases((gap, after)), &Policy::default());
    assert_eq!(report.findings[0].reason, Some(Reason::NotInPairs));
    let one = |it: &Observations| Observations::new(it.points().filter(|(_, round, _)| *round < 1)).unwrap();
    let report = decide(&cases((one(&before), one(&before))), &Policy::default());
    assert_eq!(report.findings[0].reason, Some(Reason::OneRound(Side::Baseline)));
}
