//! Section 5: how many rounds and minutes a verdict takes, with looks and without.

use std::collections::BTreeMap;
use std::fmt::Write;

use scalegate::Result;
use scalegate::config::{Config, MeasureSettings, Tolerances};
use scalegate::gate::{self, Case, Policy, Scope, Stopped};
use scalegate::metric::Metric;

use crate::effort::{Effort, percent, tally};
use crate::recorded::Recorded;

/// Verdict at once, verdict with looks, and the rounds that each workload took.
type Played = (String, String, Vec<u32>);

const SUITES: u64 = 300;
const SEED: u64 = 5;

/// Seconds that a size takes in a round beside warm-up and samples: preparing the model, and its share of a process's start.
const OVERHEAD_S: f64 = 0.1;

pub(crate) fn section(recorded: &[Recorded], effort: Effort) -> Result<String> {
    let (suite, suites) = (Config::load_here()?, effort.runs(SUITES));
    let tolerances = suite.gate.tolerances(Metric::WallTime);
    let mut rows = String::new();
    for (name, scopes, tolerances, factor) in [
        ("shapes, unchanged", &[Scope::Shape][..], tolerances, 1.0),
        ("shapes and costs, unchanged", &[Scope::Shape, Scope::Absolute][..], tolerances, 1.0),
        ("shapes and costs, twice the cost", &[Scope::Shape, Scope::Absolute][..], tolerances, 2.0),
    ] {
        rows += &row(recorded, &suite.measure, suites, name, scopes, tolerances, factor);
    }
    Ok(format!(
        "## 5. Minutes to a verdict

{suites} suites of the recorded workloads, whose rounds are drawn from the recorded ones as in section 1. Without looks all
rounds are taken and compared once; with looks (`docs/evidence/rounds.md`) a workload takes no more rounds than its verdict needs. A round of
a workload takes its warm-up, its samples and {OVERHEAD_S} s for each size, as computed from `suite.toml`; counts and resources are not
in the minutes. Seed {SEED}.

| suite | decided without looks | minutes | decided with looks | mean minutes | mean rounds of a workload |
|---|---|---|---|---|---|
{rows}"
    ))
}

fn row(
    recorded: &[Recorded],
    measure: &MeasureSettings,
    suites: u64,
    name: &str,
    scopes: &[Scope],
    tolerances: Tolerances,
    factor: f64,
) -> String {
    let outcomes = tally(name, suites, SEED, |rng| {
        let cases: Vec<Case> = recorded
            .iter()
            .flat_map(|r| {
                let (baseline, run) = (r.resampled(rng, |_, cost| cost), r.resampled(rng, |_, cost| factor * cost));
                r.cases(tolerances, &baseline, &run)
            })
            .filter(|case| scopes.contains(&case.scope))
            .collect();
        let at_once = gate::decide(&cases, &Policy::default()).verdict;
        let looked_at: Vec<Case> =
            cases.into_iter().map(|case| Case { looks: gate::looks(rounds_of(&case)), ..case }).collect();
        let Stopped { report, rounds } = gate::play(&looked_at, &Policy::default());
        let rounds: Vec<u32> = rounds.into_values().collect();
        (at_once.to_string(), report.verdict.to_string(), rounds)
    });
    let n: u64 = outcomes.values().sum();
    // In the order of `play`: by workload.
    let seconds: BTreeMap<&str, f64> = recorded.iter().map(|r| (&*r.workload, seconds_per_round(r, measure))).collect();
    let minutes = |rounds: &[u32]| {
        rounds.iter().zip(seconds.values()).map(|(&rounds, seconds)| f64::from(rounds) * seconds / 60.0).sum::<f64>()
    };
    let all: Vec<u32> = seconds.keys().map(|name| recorded_rounds(recorded, name)).collect();
    let mean = |of: &dyn Fn(&[u32]) -> f64| {
        outcomes.iter().map(|((_, _, rounds), &count)| of(rounds) * count as f64).sum::<f64>() / n as f64
    };
    let decided = |verdict: &dyn Fn(&Played) -> String| {
        let open: u64 =
            outcomes.iter().filter(|(key, _)| verdict(key) == "inconclusive").map(|(_, &count)| count).sum();
        percent(n - open, n)
    };
    let mut row = String::new();
    let _ = writeln!(
        row,
        "| {name} | {} | {:.1} | {} | {:.1} | {:.1} of {} |",
        decided(&|key| key.0.clone()),
        minutes(&all),
        decided(&|key| key.1.clone()),
        mean(&minutes),
        mean(&|rounds| rounds.iter().map(|&r| f64::from(r)).sum::<f64>() / rounds.len() as f64),
        all.iter().max().copied().unwrap_or(0),
    );
    row
}

fn rounds_of(case: &Case) -> u32 {
    case.run.as_ref().map_or(0, |run| run.n_rounds() as u32)
}

fn recorded_rounds(recorded: &[Recorded], workload: &str) -> u32 {
    recorded.iter().find(|r| r.workload == workload).map_or(0, Recorded::n_rounds)
}

/// What Criterion takes for every size of one round: warm-up and samples, which slow sizes exceed with one inference each.
fn seconds_per_round(recorded: &Recorded, measure: &MeasureSettings) -> f64 {
    let size = |&(_, cost): &(f64, f64)| {
        let warm_up = (measure.warm_up_ms as f64 / 1e3).max(cost);
        let samples = (measure.measurement_ms as f64 / 1e3).max(cost * measure.samples as f64);
        warm_up + samples + OVERHEAD_S
    };
    recorded.costs.iter().map(size).sum()
}
