//! Absolute limits: what a size may cost at most.

use super::{Finding, Outcome, Quantity, Range, Reason, Scope, Side, between_runs};
use crate::Axis;
use crate::law::{FitOptions, Interval, Observations, PredictError, Spread, mean_cost};
use crate::metric::Metric;
use crate::workload::WorkloadName;

/// A limit on the cost of one size, with what was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Budget {
    /// The class of hosts that was measured.
    pub host: String,
    /// As `llm/prefill`.
    pub workload: WorkloadName,
    /// What is limited.
    pub metric: Metric,
    /// What sizes count.
    pub axis: Axis,
    /// The unit of cost, as `s`.
    pub unit: String,
    /// The size.
    pub at: f64,
    /// The limit, in that unit.
    pub at_most: f64,
    /// A bound on the relative error of every cost, for metrics that repeat exactly or nearly so.
    pub noise: Option<f64>,
    /// As [`Case::looks`](super::Case).
    pub looks: Vec<u32>,
    /// The costs of the run; `None` if there are none.
    pub run: Option<Observations>,
    /// Accepted costs of the same class of hosts: how far these runs lie apart is what changes between runs.
    pub accepted: Vec<Observations>,
    /// Why it is not judged although there are costs.
    pub withheld: Option<Reason>,
}

/// A budget with what its size costs.
#[derive(Debug)]
pub(super) struct Judged<'a> {
    budget: &'a Budget,
    /// The logarithm of the cost over the limit, and a bound on its error beside its spread.
    over: Result<(Spread, f64), Reason>,
}

impl<'a> Judged<'a> {
    pub(super) fn new(budget: &'a Budget, options: &FitOptions) -> Self {
        Self { budget, over: over(budget, options) }
    }

    /// Whether it could raise an alarm.
    pub(super) fn has_cost(&self) -> bool {
        self.over.is_ok()
    }

    pub(super) fn looks(&self) -> &[u32] {
        &self.budget.looks
    }

    pub(super) fn n_rounds(&self) -> u32 {
        self.budget.run.as_ref().map_or(0, |run| run.n_rounds() as u32)
    }

    /// A budget holds if its cost is shown to be within the limit with a rate of misses of at most `miss`, and is exceeded if the cost is
    /// shown to be above with a rate of false alarms of at most `alarm`. There is nothing to tolerate beyond a limit.
    pub(super) fn finding(&self, alarm: f64, miss: f64) -> Finding {
        let budget = self.budget;
        let base = Finding {
            cost_unit: budget.unit.clone(),
            range: Some(Range { smallest: budget.at, largest: budget.at, bend: budget.at }),
            baseline: Some(budget.at_most),
            tolerance: Some(0.0),
            ..Finding::open(
                &budget.host,
                &budget.workload,
                budget.metric,
                &budget.axis,
                Scope::Absolute,
                Quantity::Budget,
            )
        };
        let (spread, bound) = match &self.over {
            Ok(over) => *over,
            Err(reason) => return Finding { reason: Some(reason.clone()), ..base },
        };
        let within = |rate: f64| {
            let its = spread.interval(1.0 - 2.0 * rate);
            (Interval { lower: its.lower - bound, upper: its.upper + bound, ..its }, 1.0 - 2.0 * rate)
        };
        let (of_alarm, of_pass) = (within(alarm), within(miss));
        let (outcome, (its, confidence)) = if of_alarm.0.lower > 0.0 {
            (Outcome::Regressed, of_alarm)
        } else if of_pass.0.upper <= 0.0 {
            (Outcome::Pass, of_pass)
        } else {
            (Outcome::Inconclusive, of_pass)
        };
        let [estimate, lower, upper] = [its.estimate, its.lower, its.upper].map(|log| log.exp_m1().clamp(-1.0, 1e300));
        Finding {
            run: Some(budget.at_most * spread.estimate.exp()),
            change: Some(Interval { estimate, lower, upper }),
            confidence: Some(confidence),
            accepted_runs: budget.noise.is_none().then_some(budget.accepted.len()),
            outcome,
            ..base
        }
    }
}

fn over(budget: &Budget, options: &FitOptions) -> Result<(Spread, f64), Reason> {
    if let Some(reason) = &budget.withheld {
        return Err(reason.clone());
    }
    let run = budget.run.as_ref().ok_or(Reason::Absent(Side::Run))?;
    let of = |observations: &Observations, side| {
        mean_cost(observations, budget.at, options).map_err(|error| match error {
            PredictError::NoLaw(error) => Reason::NoLaw(side, error),
            other => Reason::Unusable(side, other.to_string()),
        })
    };
    let cost = of(run, Side::Run)?;
    let limit = budget.at_most.ln();
    let spread = match budget.noise {
        // Its rounds, if it has several, repeat as exactly.
        Some(_) => {
            Spread { standard_error: if cost.degrees_of_freedom > 0.0 { cost.standard_error } else { 0.0 }, ..cost }
        }
        None => {
            // An accepted run that lacks the size says nothing about it.
            let accepted: Vec<Spread> = budget.accepted.iter().filter_map(|its| of(its, Side::Baseline).ok()).collect();
            between_runs::of_one(&accepted, cost)
        }
    };
    let spread =
        Spread { estimate: spread.estimate - limit, degrees_of_freedom: spread.degrees_of_freedom.max(1.0), ..spread };
    let is_known = spread.estimate.is_finite() && spread.standard_error.is_finite();
    if is_known {
        Ok((spread, budget.noise.unwrap_or(0.0)))
    } else {
        Err(Reason::NoLaw(Side::Run, crate::law::FitError::Range))
    }
}
