//! What stored runs can tell of absolute costs, where something changes from run to run.
#![expect(clippy::print_stdout, reason = "the tables go into docs/policy.md")]

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::suite::{BASE, cases};
use crate::config::Tolerances;
use crate::gate::{Case, Demand, Outcome, Policy, Quantity, Report, Scope, Verdict, decide};
use crate::law::Observations;
use crate::law::random::standard_normal;
use crate::law::simulate::{Noise, TOKENS, run};

const ROUNDS: u32 = 10;

/// How far runs of a host lie apart.
#[derive(Debug, Clone, Copy)]
enum Hosts {
    /// All alike, with this standard deviation of the logarithm.
    Alike(f64),
    /// A host each time, by the prior: 8 % over the root of a χ² of 4 degrees of freedom divided by 4.
    Drawn,
}

impl Hosts {
    fn spread(self, rng: &mut ChaCha8Rng) -> f64 {
        match self {
            Self::Alike(spread) => spread,
            Self::Drawn => 0.08 / ((0..4).map(|_| standard_normal(rng).powi(2)).sum::<f64>() / 4.0).sqrt(),
        }
    }

    fn name(self) -> String {
        match self {
            Self::Alike(spread) => format!("{:.0} %", 100.0 * spread),
            Self::Drawn => "as the prior".to_owned(),
        }
    }
}

/// A run against so many accepted ones, all of which met something of their own, and whose cost is `factor` times theirs.
fn case(hosts: Hosts, accepted: usize, factor: f64, rng: &mut ChaCha8Rng) -> Case {
    let spread = hosts.spread(rng);
    let mut one = |factor: f64| {
        let met = (spread * standard_normal(rng)).exp();
        run(&TOKENS, ROUNDS, Noise::cells(0.02), rng, |n| factor * met * 1e-3 * (0.8 + 0.11 * n))
    };
    let case = cases(&BASE, &BASE, 2, Noise::cells(0.01), 1, &[Scope::Absolute]).swap_remove(0);
    Case {
        baseline: Some(one(1.0)),
        further: (1..accepted).map(|_| one(1.0)).collect(),
        run: Some(one(factor)),
        demand: Demand::Comparable,
        ..case
    }
}

fn report(case: Case, policy: Policy) -> Report {
    decide(&[case], &Policy { resamples: 19, ..policy })
}

/// The share of simulated checks, each from a seed of its own.
fn share(checks: u64, is_so: impl Fn(&mut ChaCha8Rng) -> bool) -> f64 {
    (0..checks).filter(|seed| is_so(&mut ChaCha8Rng::seed_from_u64(*seed))).count() as f64 / checks as f64
}

fn alarms(hosts: Hosts, accepted: usize, factor: f64, alpha: f64, checks: u64) -> f64 {
    share(checks, |rng| {
        let verdict = report(case(hosts, accepted, factor, rng), Policy { alpha, ..Policy::default() }).verdict;
        matches!(verdict, Verdict::Regressed | Verdict::Improved | Verdict::Mixed)
    })
}

/// How often an interval of 95 % has the true change, which is none.
fn coverage(hosts: Hosts, accepted: usize, checks: u64) -> f64 {
    share(checks, |rng| {
        let wide = Tolerances { slope: 1e9, cost: 1e9, ..Tolerances::default() };
        let case = Case { tolerances: wide, demand: Demand::Decided, ..case(hosts, accepted, 1.0, rng) };
        let report = report(case, Policy { miss: 0.025, ..Policy::default() });
        let largest = report.findings.iter().find(|finding| finding.quantity == Quantity::CostLargest).unwrap();
        largest.change.is_some_and(|change| change.lower <= 0.0 && 0.0 <= change.upper)
    })
}

#[test]
fn unchanged_programs_are_silent_and_intervals_cover() {
    println!("| runs of a host differ by | accepted | false alarms, α = 5 % | α = 0.1 % | 95 % intervals cover |");
    for hosts in [Hosts::Drawn, Hosts::Alike(0.03), Hosts::Alike(0.08), Hosts::Alike(0.2)] {
        for accepted in [1, 3, 5, 10] {
            let rates = [0.05, 0.001].map(|alpha| alarms(hosts, accepted, 1.0, alpha, 1_000));
            let covered = coverage(hosts, accepted, 1_000);
            println!(
                "| {} | {accepted} | {:.1} % | {:.1} % | {:.1} % |",
                hosts.name(),
                100.0 * rates[0],
                100.0 * rates[1],
                100.0 * covered
            );
            // A spread far beyond the prior is learnt from accepted runs, not before.
            if !matches!(hosts, Hosts::Alike(spread) if spread > 0.1) {
                assert!(rates[0] <= 0.05 && rates[1] <= 0.003, "{hosts:?} {accepted}: {rates:?}");
                assert!(covered >= 0.93, "{hosts:?} {accepted}: {covered}");
            }
        }
    }
}

/// The changes that are looked for, ascending.
const FACTORS: [f64; 13] = [1.2, 1.3, 1.4, 1.5, 1.6, 1.8, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0, 10.0];

#[test]
fn a_doubling_is_seen_with_five_accepted_runs_and_not_with_one() {
    println!("| runs of a host differ by | accepted | regression seen in 9 of 10 | unchanged passes |");
    for spread in [0.01, 0.03, 0.08] {
        for accepted in [1, 3, 5, 10, 20] {
            let hosts = Hosts::Alike(spread);
            let is_seen = |factor: &&f64| alarms(hosts, accepted, **factor, 0.001, 200) >= 0.9;
            let least = FACTORS.iter().find(is_seen).map_or("none".to_owned(), |factor| format!("{factor} times"));
            let passes =
                share(200, |rng| report(case(hosts, accepted, 1.0, rng), Policy::default()).verdict == Verdict::Pass);
            println!("| {} | {accepted} | {least} | {:.0} % |", hosts.name(), 100.0 * passes);
        }
    }
    let caught = |accepted| alarms(Hosts::Alike(0.03), accepted, 2.0, 0.001, 200);
    assert!(caught(5) >= 0.9, "{}", caught(5));
    assert_eq!(caught(1), 0.0);
}

/// The case of a program that was run twice with Google Benchmark, the second time while a build ran: its five repetitions at each
/// size were taken for rounds, and its cost was +92.6 % [39.8, 165.5].
fn second_run_beside_a_build(rounds: u32) -> Case {
    // Of about the size that makes such an interval at the confidence of an alarm.
    let errors = [-0.083, 0.05, -0.038, 0.075, -0.004];
    let costs = |factor: f64, noise: f64| {
        let round = |i: u32| errors[i as usize % 5] * noise;
        let cost = move |n: f64, i: u32| factor * 1e-3 * (0.8 + 0.11 * n) * round(i).exp();
        let points = TOKENS.iter().flat_map(|&n| (0..rounds).map(move |i| (n, i)));
        Observations::new(points.map(|(n, i)| (n, i, cost(n, i)))).unwrap()
    };
    let case = cases(&BASE, &BASE, 2, Noise::cells(0.01), 1, &[Scope::Absolute]).swap_remove(0);
    Case { baseline: Some(costs(1.0, 0.1)), run: Some(costs(1.926, 1.0)), ..case }
}

#[test]
fn one_stored_run_does_not_call_a_neighbour_a_regression() {
    for rounds in [1, 5] {
        let required = report(second_run_beside_a_build(rounds), Policy::default());
        assert_eq!(required.verdict, Verdict::Inconclusive);
        for finding in &required.findings {
            assert_eq!(finding.outcome, Outcome::Inconclusive, "{finding:?}");
            assert!((0.7..1.0).contains(&finding.change.unwrap().estimate), "{finding:?}");
        }
        let case = Case { demand: Demand::Comparable, ..second_run_beside_a_build(rounds) };
        let left = report(case, Policy::default());
        assert_eq!((left.findings.len(), left.undecided.len()), (0, 3));
    }
}
