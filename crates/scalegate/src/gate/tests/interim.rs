//! Error rates of runs that are looked at while their rounds are taken.
#![expect(clippy::print_stdout, reason = "a table is printed on request")]

use std::collections::BTreeMap;

use super::suite::{BASE, Suite, cases};
use crate::gate::{Case, Outcome, Policy, Quantity, Reason, Report, Scope, Verdict, decide, looks, play};
use crate::law::Observations;
use crate::law::simulate::{Noise, TOKENS};

const ROUNDS: u32 = 10;

/// Rates that a few hundred runs can show.
fn lax() -> Policy {
    Policy { alpha: 0.3, miss: 0.15, resamples: 19, ..Policy::default() }
}

/// Later rounds are slower, on both sides.
fn drifting(observations: Option<&Observations>, per_round: f64) -> Option<Observations> {
    let points = observations.into_iter().flat_map(Observations::points);
    Observations::new(points.map(|(n, round, cost)| (n, round, cost * (1.0 + per_round * f64::from(round))))).ok()
}

/// One workload that grows by `factor` as much as its baseline does from the smallest to the largest size; its quantities are shapes.
fn grown(factor: f64, noise: Noise, drift: f64, seed: u64) -> Case {
    let case = cases(&BASE, &BASE, ROUNDS, noise, seed, &[Scope::Shape]).swap_remove(1);
    let power = factor.ln() / (TOKENS[TOKENS.len() - 1] / TOKENS[0]).ln();
    let run = case.run.iter().flat_map(Observations::points);
    let run = Observations::new(run.map(|(n, round, cost)| (n, round, (n / TOKENS[0]).powf(power) * cost))).ok();
    Case {
        looks: looks(ROUNDS),
        baseline: drifting(case.baseline.as_ref(), drift),
        run: drifting(run.as_ref(), drift),
        ..case
    }
}

/// Of runs whose growth is at the edge of its tolerance: the share with a false alarm, the share in which growth wrongly passes when
/// the run stops, and the share in which it would pass at one of the looks if each could spend the whole rate.
fn errors_at_the_edge(noise: Noise, drift: f64, runs: u64) -> (f64, f64, f64) {
    let (mut alarms, mut misses, mut careless) = (0, 0, 0);
    let growth = |report: &Report| report.findings.iter().find(|f| f.quantity == Quantity::Growth).map(|f| f.outcome);
    for seed in 0..runs {
        let case = grown(1.25, noise, drift, seed);
        let report = play(std::slice::from_ref(&case), &lax()).report;
        alarms += u64::from(growth(&report) == Some(Outcome::Regressed));
        misses += u64::from(growth(&report) == Some(Outcome::Pass));
        let passes_at = |&rounds: &u32| {
            let run = case.run.iter().flat_map(Observations::points).filter(|(_, round, _)| *round < rounds);
            let early = Case { looks: Vec::new(), run: Observations::new(run).ok(), ..case.clone() };
            growth(&decide(&[early], &lax())) == Some(Outcome::Pass)
        };
        careless += u64::from(case.looks.iter().any(passes_at));
    }
    (alarms as f64 / runs as f64, misses as f64 / runs as f64, careless as f64 / runs as f64)
}

#[test]
fn looks_keep_to_the_rates_that_looking_carelessly_does_not() {
    let (alarms, misses, careless) = errors_at_the_edge(Noise::cells(0.02), 0.0, 400);
    let policy = lax();
    assert!(alarms <= policy.alpha, "{alarms} of the runs raise a false alarm");
    assert!(misses <= policy.miss, "growth passes in {misses} of the runs though it is at the edge");
    assert!(careless > 1.2 * policy.miss, "without spending it would be {careless}: the test must see a difference");
}

#[test]
fn rounds_that_drift_alike_raise_no_alarm() {
    for seed in 0..40 {
        let stopped =
            play(&[grown(1.0, Noise::laptop(0.02), 0.005, seed)], &Policy { resamples: 99, ..Policy::default() });
        assert!(matches!(stopped.report.verdict, Verdict::Pass | Verdict::Inconclusive), "{:#?}", stopped.report);
    }
}

#[test]
fn a_workload_that_is_decided_takes_no_more_rounds() {
    let mut noisy = BASE;
    noisy.laws[0] = |n| 0.8 + 0.11 * n * (1.0 + 0.08 * n / 1024.0);
    let quiet = cases(&BASE, &BASE, ROUNDS, Noise::cells(0.002), 1, &[Scope::Shape]).swap_remove(0);
    let loud = cases(&BASE, &noisy, ROUNDS, Noise::cells(0.08), 1, &[Scope::Shape]).swap_remove(2);
    let cases: Vec<Case> = [quiet, loud].into_iter().map(|case| Case { looks: looks(ROUNDS), ..case }).collect();
    let stopped = play(&cases, &Policy { resamples: 99, ..Policy::default() });
    let rounds: Vec<u32> = stopped.rounds.into_values().collect();
    assert_eq!(rounds, [10, 5], "llm/generate and llm/prefill");
}

#[test]
fn a_run_before_its_first_look_is_inconclusive() {
    let case = cases(&BASE, &BASE, 4, Noise::cells(0.002), 1, &[Scope::Shape]).swap_remove(0);
    let report = decide(&[Case { looks: looks(ROUNDS), ..case }], &Policy::default());
    assert_eq!(report.verdict, Verdict::Inconclusive);
    assert_eq!(report.findings[0].reason, Some(Reason::TooFewRounds { taken: 4, first: 5, max: 10 }));
}

fn suite_with_looks(current: &Suite, rounds: u32, noise: Noise, seed: u64, scope: Scope) -> Vec<Case> {
    let cases = cases(&BASE, current, rounds, noise, seed, &[scope]);
    cases.into_iter().map(|case| Case { looks: looks(rounds), ..case }).collect()
}

#[test]
#[ignore = "prints a table"]
fn rounds_to_a_verdict() {
    println!("| costs, noise | rounds | verdicts at once | with looks | mean rounds of a workload |");
    for (scope, sd) in [(Scope::Shape, 0.01), (Scope::Shape, 0.03)] {
        for rounds in [10, 20] {
            let (mut at_once, mut with_looks, mut taken, mut runs) = (BTreeMap::new(), BTreeMap::new(), 0.0, 0.0);
            for seed in 0..40 {
                let cases = suite_with_looks(&BASE, rounds, Noise::laptop(sd), seed, scope);
                let stopped = play(&cases, &Policy::default());
                *with_looks.entry(stopped.report.verdict.to_string()).or_insert(0) += 1;
                taken += stopped.rounds.values().map(|&n| f64::from(n)).sum::<f64>();
                runs += stopped.rounds.len() as f64;
                let whole: Vec<Case> = cases.into_iter().map(|case| Case { looks: Vec::new(), ..case }).collect();
                *at_once.entry(decide(&whole, &Policy::default()).verdict.to_string()).or_insert(0) += 1;
            }
            println!("| {scope:?}, {sd} | {rounds} | {at_once:?} | {with_looks:?} | {:.1} |", taken / runs);
        }
    }
}

#[test]
#[ignore = "prints a table"]
fn errors_of_looks() {
    let Policy { alpha, miss, .. } = lax();
    println!("| noise | false alarms (of {alpha}) | misses (of {miss}) | misses without spending |");
    for (name, noise, drift) in [
        ("2 % per size", Noise::cells(0.02), 0.0),
        ("the same, rounds drift by 0.5 % each", Noise::cells(0.02), 0.005),
        ("2 % per size, 3 % per round", Noise { round: 0.03, ..Noise::cells(0.02) }, 0.0),
        ("the same, every tenth round 1.3 times slower", Noise::laptop(0.02), 0.0),
    ] {
        let (alarms, misses, careless) = errors_at_the_edge(noise, drift, 600);
        println!("| {name} | {alarms:.3} | {misses:.3} | {careless:.3} |");
    }
}
