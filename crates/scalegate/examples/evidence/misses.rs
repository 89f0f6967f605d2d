//! Section 3: faults that pass.

use rand_chacha::ChaCha8Rng;
use scalegate::Result;
use scalegate::config::{Config, Tolerances};
use scalegate::gate::{Case, Policy, Verdict, decide};
use scalegate::law::random::uniform;
use scalegate::metric::Metric;

use crate::effort::{Effort, percent, tally};
use crate::recorded::Recorded;

const FAULTS: u64 = 200;
const SEED: u64 = 3;
const MIN_EXCESS: f64 = 0.02;
const MAX_EXCESS: f64 = 0.2;

pub(crate) fn section(recorded: &[Recorded], effort: Effort) -> Result<String> {
    let faults = effort.runs(FAULTS);
    let tolerances = Config::load_here()?.gate.tolerances(Metric::WallTime);
    let verdicts = tally("misses", faults, SEED, |rng| {
        let faulty = (uniform(rng) * recorded.len() as f64) as usize;
        let (fault, name) = fault(&recorded[faulty], &tolerances, rng);
        let cases: Vec<Case> = recorded
            .iter()
            .enumerate()
            .flat_map(|(i, r)| {
                let baseline = r.resampled(rng, |_, cost| cost);
                let run = r.resampled(rng, |n, cost| if i == faulty { fault(n, cost) } else { cost });
                r.cases(tolerances, &baseline, &run)
            })
            .collect();
        match decide(&cases, &Policy::default()).verdict {
            Verdict::Pass | Verdict::Improved => Outcome::Missed(format!("`{}`, {name}", recorded[faulty].workload)),
            Verdict::Inconclusive => Outcome::Inconclusive,
            Verdict::Regressed | Verdict::Mixed => Outcome::Caught,
        }
    });
    let count = |is: fn(&Outcome) -> bool| verdicts.iter().filter(|(outcome, _)| is(outcome)).map(|(_, n)| n).sum();
    let missed: u64 = count(|outcome| matches!(outcome, Outcome::Missed(_)));
    let inconclusive: u64 = count(|outcome| *outcome == Outcome::Inconclusive);
    let caught: u64 = count(|outcome| *outcome == Outcome::Caught);
    let names: Vec<&str> = verdicts
        .keys()
        .filter_map(|outcome| match outcome {
            Outcome::Missed(name) => Some(name.as_str()),
            _ => None,
        })
        .collect();
    let names = if names.is_empty() { String::new() } else { format!("\nMissed: {}.\n", names.join("; ")) };
    Ok(format!(
        "## 3. Misses

{faults} suites of recorded noise as in section 1, with a fault in one workload drawn at random: all costs up, the cost that grows
with size up, or a part that grows with the square of size. Of each, the cost at the largest size is up by its tolerance and {} % to
{} % more. Inconclusive is not a pass: the check exits with 3. Seed {SEED}.

| verdict | suites | |
|---|---|---|
| pass or improved (missed) | {} | {} |
| inconclusive | {} | {} |
| regressed or mixed (caught) | {} | {} |
{names}",
        100.0 * MIN_EXCESS,
        100.0 * MAX_EXCESS,
        missed,
        percent(missed, faults),
        inconclusive,
        percent(inconclusive, faults),
        caught,
        percent(caught, faults),
    ))
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Missed(String),
    Inconclusive,
    Caught,
}

/// A change of costs that takes the cost at the largest size beyond its tolerance, and its name.
fn fault(
    recorded: &Recorded,
    tolerances: &Tolerances,
    rng: &mut ChaCha8Rng,
) -> (impl Fn(f64, f64) -> f64 + use<>, String) {
    let by = tolerances.cost + MIN_EXCESS + (MAX_EXCESS - MIN_EXCESS) * uniform(rng);
    let kind = (3.0 * uniform(rng)) as u32;
    let (smallest, first) = recorded.costs[0];
    let (largest, last) = recorded.costs[recorded.costs.len() - 1];
    let name = ["all costs", "what grows with size", "a square of size"][kind as usize];
    let change = move |n: f64, cost: f64| match kind {
        0 => cost * (1.0 + by),
        1 => cost + by * last * ((cost - first) / (last - first)),
        _ => cost + by * last * ((n - smallest) / (largest - smallest)).powi(2),
    };
    (change, format!("{name} up by {:.1} %", 100.0 * by))
}
