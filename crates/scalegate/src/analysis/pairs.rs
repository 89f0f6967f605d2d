//! Slices of a base and a head become pairs of costs, and a verdict.

use super::budgets;
use super::verdict::{Check, Expected, check_beside};
use crate::Result;
use crate::baseline::Store;
use crate::config::{AbSettings, Config, GateSettings, Tolerances};
use crate::gate::{self, Case, Demand, Finding, Outcome, Policy, Quantity, Reason, Scope, Verdict};
use crate::law::{self, Interval, Observations};
use crate::metric::Metric;
use crate::record::{PairRecord, PairRound, PairSeries, Run, SeriesKey, Slice};
use crate::workload::WorkloadName;

/// What slices tell.
pub const PAIR_METRICS: [Metric; 2] = [Metric::WallTime, Metric::CpuTime];

/// The chance that a base is said to differ from itself although it does not, over all that is compared of it.
const CONTROL_RATE: f64 = 0.001;

/// Fewer rounds of the base against itself show nothing.
const MIN_CONTROLS: usize = 5;

/// The confidence of intervals that nothing is decided by.
const SHOWN: f64 = 0.95;

/// A head against its base.
#[derive(Debug, Clone, PartialEq)]
pub struct PairCheck {
    /// What it comes to.
    pub verdict: Verdict,
    /// In the order of the workloads.
    pub findings: Vec<Finding>,
    /// What the base shows of a change against itself, with intervals of 95 %.
    pub controls: Vec<Control>,
}

/// A quantity of the base against itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Control {
    /// As `llm/prefill`.
    pub workload: WorkloadName,
    /// What was measured.
    pub metric: Metric,
    /// What was compared.
    pub quantity: Quantity,
    /// The relative change.
    pub change: Interval,
}

/// Decides every gated quantity of every workload by its pairs.
pub fn check_pairs(record: &PairRecord, settings: &AbSettings, gate: &GateSettings, metrics: &[Metric]) -> PairCheck {
    let policy = Policy { alpha: gate.alpha, miss: gate.miss, ..Policy::default() };
    let (cases, controls) = cases(record, settings, metrics);
    let report = gate::decide_with_budgets(&cases, &budgets::of_pairs(record, gate, &cases), &policy);
    let mut findings = report.findings;
    // A budget stands with what else is known of its costs.
    let place = |key: &SeriesKey| cases.iter().position(|case| case.key() == *key);
    findings.sort_by_key(|finding| place(&finding.key()));
    PairCheck { verdict: report.verdict, findings, controls }
}

/// Checks runs with [`check`](super::check()), and wall time by pairs of the same change beside them. What pairs leave open is a note,
/// unless the settings require wall time as a cost.
///
/// # Errors
/// A baseline that cannot be read.
pub fn check_with_pairs(
    records: &[PairRecord],
    runs: &[Run],
    store: &Store,
    config: &Config,
    expected: &Expected,
) -> Result<Check> {
    let is_required = config.gate.required_costs.contains(&Metric::WallTime);
    let demand = Demand::decided_if(is_required);
    let (mut paired, mut limited) = (Vec::new(), Vec::new());
    for record in records {
        let (cases, _) = cases(record, &config.ab, &[Metric::WallTime]);
        limited.extend(budgets::of_pairs(record, &config.gate, &cases));
        paired.extend(cases.into_iter().map(|case| Case { demand, ..case }));
    }
    check_beside(paired, limited, runs, store, &config.gate, expected)
}

/// What is compared of a record, with what it shows of the base against itself.
fn cases(record: &PairRecord, settings: &AbSettings, metrics: &[Metric]) -> (Vec<Case>, Vec<Control>) {
    let mut cases = Vec::new();
    let mut controls = Vec::new();
    for series in &record.series {
        for &metric in metrics {
            let costs = |rounds: &[PairRound]| (!rounds.is_empty()).then(|| pairs(rounds, metric)).flatten();
            let case = |scope, pair: Option<(Observations, Observations)>, tolerances: Tolerances| {
                let (baseline, run) = pair.unzip();
                Case {
                    host: record.host.class.clone(),
                    workload: series.workload.clone(),
                    metric,
                    axis: series.axis.clone(),
                    unit: metric.unit().to_owned(),
                    scope,
                    tolerances,
                    noise: None,
                    paired: true,
                    looks: series.looks.clone(),
                    baseline,
                    further: Vec::new(),
                    demand: Demand::Decided,
                    run,
                    withheld: series.withheld.clone().map(Reason::Unavailable),
                }
            };
            let both = |pair: &Option<(Observations, Observations)>, tolerances: Tolerances| {
                [Scope::Absolute, Scope::Shape].map(|scope| case(scope, pair.clone(), tolerances))
            };
            let mut own = both(&costs(&series.pairs), settings.tolerances(metric));
            let control = costs(&series.controls).filter(|(base, _)| base.n_rounds() >= MIN_CONTROLS);
            if let Some(control) = control {
                let of_itself = both(&Some(control), ANY_CHANGE).map(|case| Case { looks: Vec::new(), ..case });
                if let Some(change) = differs_from_itself(&of_itself) {
                    for case in &mut own {
                        case.withheld = Some(Reason::NotItself { change });
                    }
                }
                controls.extend(shown(&of_itself, metric));
            }
            cases.extend(own);
        }
    }
    (cases, controls)
}

/// Beyond these any change is one that is told from none.
const ANY_CHANGE: Tolerances = Tolerances {
    slope: 1e-9,
    cost: 1e-9,
    curvature_share: 1e-9,
    breakpoint: 1e-9,
    level: 1e-9,
    slope_ratio: 1e-9,
    growth: 1e-9,
};

/// The change of a base against itself, if there is one.
fn differs_from_itself(cases: &[Case]) -> Option<Interval> {
    let policy = Policy { alpha: CONTROL_RATE, ..Policy::default() };
    let findings = gate::decide(cases, &policy).findings;
    let is_change = |finding: &&Finding| matches!(finding.outcome, Outcome::Regressed | Outcome::Improved);
    findings.iter().filter(is_change).find_map(|finding| finding.change)
}

/// The changes of a base against itself, as far as they are relative.
fn shown(cases: &[Case], metric: Metric) -> Vec<Control> {
    let wide: Vec<Case> = cases.iter().map(|case| Case { tolerances: EVERY_CHANGE, ..case.clone() }).collect();
    let policy = Policy { miss: (1.0 - SHOWN) / 2.0, ..Policy::default() };
    let findings = gate::decide(&wide, &policy).findings;
    let relative = findings.into_iter().filter(|finding| finding.relative);
    let control = |finding: Finding| {
        finding.change.map(|change| Control {
            workload: finding.workload.clone(),
            metric,
            quantity: finding.quantity,
            change,
        })
    };
    relative.filter_map(control).collect()
}

/// Within these no change is beyond.
const EVERY_CHANGE: Tolerances = Tolerances {
    slope: 1e9,
    cost: 1e9,
    curvature_share: 1e9,
    breakpoint: 1e9,
    level: 1e9,
    slope_ratio: 1e9,
    growth: 1e9,
};

/// One cost per size and round of each side; `None` if there is none at all.
///
/// It is the mean logarithm of the faster half of the slices. What else a machine does makes slices slower and never faster, so
/// that their low end varies least (Chen and Revels, *Robust benchmarking in noisy environments*, arXiv 1608.04295, 2016); a half of
/// them still is what the code does most of the time. Blocks have both sides at the same mean time, so that both find the
/// same share of their slices disturbed.
fn pairs(rounds: &[PairRound], metric: Metric) -> Option<(Observations, Observations)> {
    let (mut base, mut head) = (Vec::new(), Vec::new());
    for PairRound { round, blocks } in rounds {
        let mut sizes: Vec<u64> = blocks.iter().map(|block| block.size).collect();
        sizes.sort_unstable();
        sizes.dedup();
        for size in sizes {
            let (mut before, mut after) = (Vec::new(), Vec::new());
            for block in blocks.iter().filter(|block| block.size == size) {
                let (first, second) = block.sides();
                let cost = |slice: &Slice| cost(slice, metric) / block.inferences as f64;
                before.extend(first.iter().map(cost));
                after.extend(second.iter().map(cost));
            }
            if let (Some(before), Some(after)) = (faster_half(before), faster_half(after)) {
                base.push((size as f64, *round, before));
                head.push((size as f64, *round, after));
            }
        }
    }
    Observations::new(base).ok().zip(Observations::new(head).ok())
}

/// What the inferences of a slice cost.
fn cost(slice: &Slice, metric: Metric) -> f64 {
    match metric {
        // What another program had the core for is no part of what this one costs.
        Metric::WallTime => slice.wall_s - slice.wait_s.unwrap_or(0.0),
        _ => slice.cpu_s,
    }
}

/// The geometric mean of the lower half of costs; `None` if there are none, or one of them is nothing.
fn faster_half(mut costs: Vec<f64>) -> Option<f64> {
    costs.sort_unstable_by(f64::total_cmp);
    if *costs.first()? <= 0.0 {
        return None;
    }
    let half = &costs[..costs.len().div_ceil(2)];
    Some((half.iter().map(|cost| cost.ln()).sum::<f64>() / half.len() as f64).exp())
}

/// The ratio of head to base at each size, over the pairs so far, with intervals of 95 %: what a reader looks at first.
pub fn ratios(series: &PairSeries, metric: Metric) -> Vec<(u64, Interval)> {
    of_rounds(&series.pairs, metric)
}

/// The same of the base against itself.
pub fn base_ratios(series: &PairSeries, metric: Metric) -> Vec<(u64, Interval)> {
    of_rounds(&series.controls, metric)
}

fn of_rounds(rounds: &[PairRound], metric: Metric) -> Vec<(u64, Interval)> {
    if rounds.is_empty() {
        return Vec::new();
    }
    let Some((base, head)) = pairs(rounds, metric) else { return Vec::new() };
    let ratios = law::ratios(&base, &head, SHOWN).unwrap_or_default();
    ratios.into_iter().map(|(size, change)| (size as u64, change)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slower_half_of_slices_may_be_anything() {
        assert_eq!(faster_half(Vec::new()), None);
        assert_eq!(faster_half(vec![0.0, 1.0]), None);
        assert_eq!(faster_half(vec![1.0]), Some(1.0));
        let half = faster_half(vec![1e9, 1.0, 4.0, 1e9]).unwrap();
        assert!((half - 2.0).abs() < 1e-12, "{half}");
    }
}
