//! The decision policy: the one place where an outcome is decided.

use serde::{Deserialize, Serialize};

use super::budget::Judged;
use super::interim::share;
use super::two_laws::{Comparison, Item, Laws, Sides};
use super::{Budget, Case, Demand, Finding, Outcome, Quantity, Reason, Report, Scope, UnitCheck, Verdict};
use crate::config::GateSettings;
use crate::law::{FitOptions, Interval};

/// The error rates that decisions keep to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// The rate of false alarms of a whole check: the chance that any quantity is called regressed or improved although its
    /// change is within the tolerance. Shared evenly over all quantities (Bonferroni).
    pub alpha: f64,
    /// The rate of misses of a quantity: the chance that it passes although its change is beyond the tolerance.
    pub miss: f64,
    /// Seed of the fits.
    pub seed: u64,
    /// Simulated series of the tests for a knee and for steps.
    pub resamples: usize,
}

impl Default for Policy {
    fn default() -> Self {
        let FitOptions { seed, resamples, .. } = FitOptions::default();
        let GateSettings { alpha, miss, .. } = GateSettings::default();
        Self { alpha, miss, seed, resamples }
    }
}

/// What a quantity may err by in the two claims that a check can make.
#[derive(Debug, Clone, Copy)]
struct Rates {
    /// Of false alarms.
    alarm: f64,
    /// Of misses.
    miss: f64,
}

impl Rates {
    /// What a look after so many rounds may spend of each.
    fn of(looks: &[u32], rounds: u32, policy: &Policy, changes: usize) -> Self {
        let share = share(looks, rounds);
        Self { alarm: share * policy.alpha / changes as f64, miss: share * policy.miss }
    }
}

/// Decides every gated quantity of every case, and joins the outcomes.
///
/// A quantity is *regressed* when the interval of its change lies above the tolerance at the confidence of an alarm,
/// *improved* when it lies below, and *passes* when the interval at the confidence of a pass lies within: a pass is a claim
/// (two one-sided tests, Schuirmann, J. Pharmacokin. Biopharm. 15, 1987), and what is neither is *inconclusive*. An alarm
/// rejects that the change is within the tolerance (Hodges and Lehmann, J. R. Statist. Soc. B 16, 1954).
/// Alarms need more confidence than passes, since there are many quantities and no alarm may be false, while a pass
/// that is wrong is wrong about one of them. A run with interim looks spends a part of both rates
/// at each of them (see [`looks`](super::looks())).
///
/// What changes between runs is in the intervals of absolute costs that were not measured in pairs
/// (`between_runs`). What is left open is no part of the verdict unless the case requires it.
///
/// Intervals are Welch's, of delete-one jackknife values over the rounds. An alarm for each of 40 quantities takes a
/// confidence of 1 − 5e-5, which a bootstrap of 10 rounds can't express. `docs/evidence/simulations.md` has the rates that simulations show.
pub fn decide(cases: &[Case], policy: &Policy) -> Report {
    decide_with_budgets(cases, &[], policy)
}

/// The same with budgets, which are quantities as any other and share the rate of false alarms.
pub fn decide_with_budgets(cases: &[Case], budgets: &[Budget], policy: &Policy) -> Report {
    decide_with(cases, budgets, &[], policy)
}

/// The same with costs against expected units, each series of which is one more quantity.
pub fn decide_with(cases: &[Case], budgets: &[Budget], units: &[UnitCheck], policy: &Policy) -> Report {
    let options = FitOptions { seed: policy.seed, resamples: policy.resamples, ..FitOptions::default() };
    let mut sides = Sides::new(options);
    let comparisons: Vec<Comparison> = cases.iter().map(|case| Comparison::new(case, &mut sides)).collect();
    let budgets: Vec<Judged<'_>> = budgets.iter().map(|budget| Judged::new(budget, &options)).collect();
    let limited = budgets.iter().filter(|budget| budget.has_cost()).count();
    let changes = (comparisons.iter().map(Comparison::changes).sum::<usize>() + limited + units.len()).max(1);
    let (mut findings, mut undecided) = (Vec::new(), Vec::new());
    for (case, comparison) in cases.iter().zip(&comparisons) {
        match comparison {
            Comparison::Missing(reason) => {
                let missing = unmeasured(case, Outcome::Inconclusive, Some(reason.clone()));
                if case.demand == Demand::Nothing { undecided.push(missing) } else { findings.push(missing) }
            }
            Comparison::Free => findings.push(unmeasured(case, Outcome::Pass, None)),
            Comparison::Laws(laws) => {
                let rounds = case.run.as_ref().map_or(0, |run| run.n_rounds() as u32);
                let rates = Rates::of(&case.looks, rounds, policy, changes);
                let judged: Vec<Finding> = laws.items.iter().map(|item| judge(case, laws, item, rates)).collect();
                let class = if case.scope == Scope::Shape { class_finding(case, laws, &judged) } else { None };
                let is_left = |its: &Finding| its.outcome == Outcome::Inconclusive && case.demand != Demand::Decided;
                let (left, judged): (Vec<_>, Vec<_>) = class.into_iter().chain(judged).partition(is_left);
                undecided.extend(left);
                findings.extend(judged);
            }
        }
    }
    findings.extend(budgets.iter().map(|budget| {
        let Rates { alarm, miss } = Rates::of(budget.looks(), budget.n_rounds(), policy, changes);
        budget.finding(alarm, miss)
    }));
    findings.extend(units.iter().map(|its| its.finding(policy.alpha / changes as f64)));
    Report { verdict: Verdict::join(findings.iter().map(|f| f.outcome)), findings, undecided }
}

fn judge(case: &Case, laws: &Laws, item: &Item, rates: Rates) -> Finding {
    let tolerance = item.quantity.tolerance(&case.tolerances);
    let decided = item.change.map(|change| {
        let (alarm, of_alarm) = change.alarm(tolerance, rates.alarm);
        let of_pass = 1.0 - 2.0 * rates.miss;
        let pass = change.interval(of_pass);
        if alarm.lower > tolerance {
            (Outcome::Regressed, alarm, of_alarm)
        } else if alarm.upper < -tolerance {
            (Outcome::Improved, alarm, of_alarm)
        } else if pass.lower > -tolerance && pass.upper < tolerance {
            (Outcome::Pass, pass, of_pass)
        } else {
            (Outcome::Inconclusive, pass, of_pass)
        }
    });
    let outcome = decided.map_or(Outcome::Inconclusive, |(outcome, ..)| outcome);
    let change: Option<Interval> = decided.map(|(_, interval, _)| interval);
    Finding {
        quantity: item.quantity,
        classes: Some(laws.classes),
        range: Some(item.range),
        baseline: Some(item.baseline).filter(|v| v.is_finite()),
        run: Some(item.run).filter(|v| v.is_finite()),
        change,
        relative: item.quantity.is_relative(),
        confidence: decided.map(|(.., confidence)| confidence),
        tolerance: Some(tolerance),
        accepted_runs: case.varies_between_runs().then(|| 1 + case.further.len()),
        steps: item.steps,
        ..unmeasured(case, outcome, None)
    }
}

/// The class is judged by its effect: two classes whose numbers agree within the tolerances are one law seen twice. A
/// knee that came or went has its own quantity.
fn class_finding(case: &Case, laws: &Laws, judged: &[Finding]) -> Option<Finding> {
    let (before, after) = laws.classes;
    if judged.iter().any(|finding| finding.quantity == Quantity::Knee) {
        return None;
    }
    let has = |outcome: Outcome| judged.iter().any(|f| f.outcome == outcome);
    let outcome = if before == after {
        Outcome::Pass
    } else if after.order() > before.order() && has(Outcome::Regressed) {
        Outcome::Regressed
    } else if after.order() < before.order() && has(Outcome::Improved) {
        Outcome::Improved
    } else if judged.iter().all(|f| f.outcome == Outcome::Pass) {
        Outcome::Pass
    } else {
        Outcome::Inconclusive
    };
    Some(Finding { quantity: Quantity::Class, classes: Some(laws.classes), ..unmeasured(case, outcome, None) })
}

fn unmeasured(case: &Case, outcome: Outcome, reason: Option<Reason>) -> Finding {
    Finding {
        cost_unit: case.unit.clone(),
        relative: false,
        outcome,
        reason,
        paired: case.paired,
        ..Finding::open(&case.host, &case.workload, case.metric, &case.axis, case.scope, Quantity::All)
    }
}
