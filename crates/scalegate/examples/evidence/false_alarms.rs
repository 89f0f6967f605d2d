//! Section 1: verdicts over whole suites in which nothing changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use scalegate::Result;
use scalegate::config::{Config, Tolerances};
use scalegate::gate::{Case, Outcome, Policy, Quantity, Scope, Verdict, decide};
use scalegate::law::simulate::{Noise, run};
use scalegate::metric::Metric;

use crate::effort::{Effort, percent, tally};
use crate::recorded::Recorded;

const SUITES: u64 = 3000;
const SEED: u64 = 1;

const ROUNDS: [u32; 4] = [5, 8, 10, 20];
const NOISES: [f64; 4] = [0.01, 0.02, 0.03, 0.05];
const ROUND_NOISE: f64 = 0.03;
const SIMULATED: u64 = 100;

pub(crate) fn section(recorded: &[Recorded], effort: Effort) -> Result<String> {
    let suites = effort.runs(SUITES);
    let tolerances = Config::load_here()?.gate.tolerances(Metric::WallTime);
    let verdicts = tally("false alarms", suites, SEED, |rng| {
        let cases: Vec<Case> = recorded
            .iter()
            .flat_map(|r| {
                let (baseline, run) = (r.resampled(rng, |_, cost| cost), r.resampled(rng, |_, cost| cost));
                r.cases(tolerances, &baseline, &run)
            })
            .collect();
        decide(&cases, &Policy::default()).verdict.to_string()
    });
    let count = |verdict: &str| verdicts.get(verdict).copied().unwrap_or(0);
    let alarms = count("regressed") + count("mixed") + count("improved");
    let rounds = recorded.iter().map(Recorded::n_rounds).max().unwrap_or(0);
    Ok(format!(
        "## 1. False alarms

{suites} suites of the {} recorded workloads, shapes and costs, in which nothing changed: the rounds of both sides are drawn
with replacement from the {rounds} recorded rounds (the accepted wall times in `baselines/`), each as a whole, so that sizes of one round
stay as related as they were. Tolerances are those of `suite.toml`. Shapes are compared as those of a stored run, costs as pairs of
rounds that have nothing in common; what stored runs tell of costs is in `docs/policy.md`. So it is in all sections. Seed {SEED}.

| verdict | suites |
|---|---|
| regressed, improved or mixed (false) | {alarms} |
| pass | {} |
| inconclusive | {} |
",
        recorded.len(),
        count("pass"),
        count("inconclusive"),
    ) + &simulated(recorded, effort.runs(SIMULATED)))
}

/// How often unchanged suites pass, by noise and rounds.
fn simulated(recorded: &[Recorded], suites: u64) -> String {
    let head: Vec<String> = ROUNDS.iter().map(|rounds| format!("{rounds} rounds")).collect();
    let (mut rows, mut alarms) = (String::new(), 0);
    let mut raised: BTreeMap<String, u64> = BTreeMap::new();
    for scope in [Scope::Shape, Scope::Absolute] {
        for cell in NOISES {
            let noise = Noise { round: ROUND_NOISE, ..Noise::cells(cell) };
            let passes: Vec<String> = ROUNDS
                .iter()
                .map(|&rounds| {
                    let verdicts = verdicts(recorded, scope, rounds, noise, suites);
                    let count = |verdict: &Kind| verdicts.get(verdict).copied().unwrap_or(0);
                    for (kind, n) in &verdicts {
                        if let Kind::Alarm(by) = kind {
                            alarms += n;
                            *raised.entry(format!("{by} at {} %", 100.0 * cell)).or_default() += n;
                        }
                    }
                    percent(count(&Kind::Pass), suites)
                })
                .collect();
            let name = if scope == Scope::Shape { "shapes" } else { "costs" };
            let _ = writeln!(rows, "| {name}, {} % | {} |", 100.0 * cell, passes.join(" | "));
        }
    }
    let raised: Vec<String> = raised.into_iter().map(|(by, n)| format!("{by} ({n})")).collect();
    let raised = if raised.is_empty() { String::new() } else { format!(", raised by {}", raised.join(", ")) };
    let n = suites * (2 * NOISES.len() * ROUNDS.len()) as u64;
    format!(
        "
How much it takes until an unchanged suite passes: simulated noise per size as given, and {} % per round, on the recorded costs, with the
default tolerances; {suites} suites per cell, shapes and costs apart. False alarms among all {n}: {alarms}{raised}. Seed {SEED}.

| passes | {} |
|---|{}
{rows}",
        100.0 * ROUND_NOISE,
        head.join(" | "),
        "---|".repeat(head.len()),
    )
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Pass,
    Inconclusive,
    /// What raised it.
    Alarm(String),
}

fn verdicts(recorded: &[Recorded], scope: Scope, rounds: u32, noise: Noise, suites: u64) -> BTreeMap<Kind, u64> {
    tally("unchanged suites", suites, SEED, |rng| {
        let cases: Vec<Case> = recorded
            .iter()
            .flat_map(|r| {
                let sizes: Vec<f64> = r.costs.iter().map(|&(n, _)| n).collect();
                let cost = |n: f64| r.costs.iter().find(|&&(size, _)| size == n).map_or(f64::NAN, |&(_, cost)| cost);
                let (baseline, run) = (run(&sizes, rounds, noise, rng, cost), run(&sizes, rounds, noise, rng, cost));
                r.cases(Tolerances::default(), &baseline, &run)
            })
            .filter(|case| case.scope == scope)
            .collect();
        let report = decide(&cases, &Policy::default());
        match report.verdict {
            Verdict::Pass => Kind::Pass,
            Verdict::Inconclusive => Kind::Inconclusive,
            Verdict::Improved | Verdict::Regressed | Verdict::Mixed => {
                let loud =
                    report.findings.into_iter().filter(|f| matches!(f.outcome, Outcome::Regressed | Outcome::Improved));
                let names: BTreeSet<String> =
                    loud.map(|f| format!("{} of `{}`", name(f.quantity), f.workload)).collect();
                Kind::Alarm(names.into_iter().collect::<Vec<_>>().join(" with "))
            }
        }
    })
}

/// As records of findings name it, with spaces.
fn name(quantity: Quantity) -> String {
    serde_json::to_value(quantity)
        .ok()
        .and_then(|name| name.as_str().map(|name| name.replace('_', " ")))
        .unwrap_or_default()
}
