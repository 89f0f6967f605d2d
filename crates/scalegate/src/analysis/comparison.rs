//! Two runs of one host, the second against the first.

use std::collections::BTreeSet;

use serde::Serialize;

use super::verdict::{costs_of, differing, incomparable, unknown_axis};
use crate::Axis;
use crate::config::GateSettings;
use crate::gate::{self, Case, Demand, Finding, Outcome, Policy, Quantity, Reason, Scope, Side, Verdict};
use crate::law::Interval;
use crate::metric::Metric;
use crate::record::{Difference, Run, Series, SeriesKey};
use crate::workload::WorkloadName;

/// What the second run costs, against the first.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Whether the costs of the second are within tolerance of those of the first: `regressed` means that it costs more.
    pub verdict: Verdict,
    /// Costs at both ends of the sizes, slopes and levels, of every metric of which less is better.
    pub findings: Vec<Finding>,
    /// The same of metrics that explain others and decide nothing.
    pub explaining: Vec<Finding>,
    /// Wall times along tokens as rates.
    pub tokens_per_second: Vec<TokenRate>,
    /// Workloads along tokens whose rate is unknown: the records do not say how many tokens an inference reads and makes, or
    /// not the same of both runs.
    pub unknown_rates: Vec<WorkloadName>,
    /// Metrics that aren't required and were available to neither run, of any workload; nothing is said of them.
    pub unmeasured: BTreeSet<Metric>,
    /// Series whose samples are the very same in both records, and that could not be decided otherwise: what they cost is the same.
    pub identical: Vec<SeriesKey>,
    /// What is under test and differs: what the comparison is about.
    pub subject_changes: Vec<Difference>,
}

/// Tokens that are read and made per second at the largest size.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TokenRate {
    /// As `llm/prefill`.
    pub workload: WorkloadName,
    /// The largest size, in tokens.
    pub size: u64,
    /// The rate of the first run.
    pub before: f64,
    /// The rate of the second.
    pub after: f64,
    /// The relative change, at the confidence of the finding that it comes from.
    pub change: Interval,
}

/// Compares the costs of every series that either run has samples of, by the policy of the gate.
pub fn compare(before: &Run, after: &Run, settings: &GateSettings) -> Comparison {
    let fingerprint = before.provenance.incomparable(&after.provenance);
    let both = || before.series.iter().chain(&after.series);
    // What is required and was available to neither is missing, which is no pass.
    let required = settings.required(&after.provenance.host.class);
    let counts = |it: &&Series| it.unavailable.is_none() || required.contains(&it.metric);
    let keys: BTreeSet<SeriesKey> = both().filter(counts).map(Series::key).collect();
    let unmeasured = both().map(Series::key).filter(|key| !keys.contains(key)).map(|key| key.metric).collect();
    let cases = |is_gated: bool| -> Vec<Case> {
        let of_kind = keys.iter().filter(|key| settings.gates(key.metric) == is_gated);
        of_kind.map(|key| case(before, after, key, &fingerprint, settings)).collect()
    };
    let policy = Policy { alpha: settings.alpha, miss: settings.miss, ..Policy::default() };
    let mut decided = gate::decide(&cases(true), &policy);
    let mut identical: Vec<SeriesKey> = Vec::new();
    decided.findings.retain(|finding| {
        let is_same = is_open_by_its_samples(finding) && have_the_same_samples(before, after, &finding.key());
        if is_same && !identical.contains(&finding.key()) {
            identical.push(finding.key());
        }
        !is_same
    });
    let verdict = match decided.findings.is_empty() && !identical.is_empty() {
        true => Verdict::Pass,
        false => Verdict::join(decided.findings.iter().map(|finding| finding.outcome)),
    };
    let (mut tokens_per_second, mut unknown_rates) = (Vec::new(), Vec::new());
    for finding in decided.findings.iter().filter(|finding| has_rate(finding)) {
        match tokens(before, after, finding) {
            Some(tokens) => tokens_per_second.extend(rate(tokens, finding)),
            None => unknown_rates.push(finding.workload.clone()),
        }
    }
    Comparison {
        verdict,
        findings: decided.findings,
        explaining: gate::decide(&cases(false), &policy).findings,
        tokens_per_second,
        unknown_rates,
        unmeasured,
        identical,
        subject_changes: before.provenance.subject_changes(&after.provenance),
    }
}

/// Whether a finding is undecided for what its samples are, and not because the records are not comparable.
fn is_open_by_its_samples(finding: &Finding) -> bool {
    finding.outcome == Outcome::Inconclusive && !matches!(finding.reason, Some(Reason::Differs(_)))
}

/// Whether a series has samples, and both runs have the same.
fn have_the_same_samples(before: &Run, after: &Run, key: &SeriesKey) -> bool {
    let samples = |run: &Run| run.series(&key.workload, key.metric).map(|series| series.samples.clone());
    samples(before).is_some_and(|its| !its.is_empty() && Some(its) == samples(after))
}

/// The fields in which two series differ that have to be the same.
pub fn series_differences(before: &Series, after: &Series) -> Vec<Difference> {
    differing(before, after, &[])
}

fn case(before: &Run, after: &Run, key: &SeriesKey, fingerprint: &[Difference], settings: &GateSettings) -> Case {
    let SeriesKey { workload, metric } = key.clone();
    let (first, second) = (before.series(&workload, metric), after.series(&workload, metric));
    // What follows no law is the same on every host.
    let fingerprint = if metric.has_law() { fingerprint } else { &[] };
    let withheld = match (first, second) {
        (Some(first), Some(second)) => incomparable(first, second, fingerprint),
        (None, _) => Some(Reason::NotMeasuredBy(Side::Baseline)),
        (_, None) => Some(Reason::NotMeasuredBy(Side::Run)),
    };
    let (baseline, first_fault) = costs_of(first, Side::Baseline);
    let (run, second_fault) = costs_of(second, Side::Run);
    Case {
        host: after.provenance.host.class.clone(),
        workload,
        metric,
        axis: first.or(second).map_or_else(unknown_axis, |series| series.axis.clone()),
        unit: metric.unit().to_owned(),
        scope: if metric.has_law() { Scope::Absolute } else { Scope::Value },
        tolerances: settings.tolerances(metric),
        noise: metric.error_bound(),
        paired: false,
        looks: second.map(|series| series.looks.clone()).unwrap_or_default(),
        baseline,
        further: Vec::new(),
        // Costs are what two runs are compared for.
        demand: Demand::Decided,
        run,
        withheld: withheld.or(first_fault).or(second_fault),
    }
}

/// Whether a finding is of a wall time that stands for a rate: the one at the largest number of tokens.
fn has_rate(finding: &Finding) -> bool {
    let is_largest = finding.quantity == Quantity::CostLargest && finding.change.is_some();
    is_largest && finding.metric == Metric::WallTime && finding.axis == Axis::TOKENS
}

/// Tokens that an inference at the largest size reads and makes, if the records don't disagree on them.
fn tokens(before: &Run, after: &Run, finding: &Finding) -> Option<u64> {
    let size = finding.range?.largest as u64;
    let of = |run: &Run| run.series(&finding.workload, finding.metric)?.tokens.get(&size).copied();
    match (of(before), of(after)) {
        (Some(first), Some(second)) => (first == second).then_some(first),
        (first, second) => first.or(second),
    }
}

/// The rate that a wall time stands for.
fn rate(tokens: u64, finding: &Finding) -> Option<TokenRate> {
    let change = finding.change?;
    // A time that grows by a share x takes the rate down to 1 / (1 + x).
    let inverse = |change: f64| (1.0 + change).recip() - 1.0;
    let change =
        Interval { estimate: inverse(change.estimate), lower: inverse(change.upper), upper: inverse(change.lower) };
    let is_finite = change.lower.is_finite() && change.upper.is_finite() && change.lower <= change.upper;
    is_finite.then_some(TokenRate {
        workload: finding.workload.clone(),
        size: finding.range?.largest as u64,
        before: tokens as f64 / finding.baseline?,
        after: tokens as f64 / finding.run?,
        change,
    })
}
