//! Costs of a record against the units that its image processor's configuration expects.

use std::collections::BTreeMap;

use super::observations;
use crate::config::GateSettings;
use crate::gate::{EVERY_WORKLOAD, Reason, Side, UnitCheck, UnitSeries};
use crate::law::{NoUnitLaw, Observations, UNIT_ALARM, UnitLaw};
use crate::metric::Metric;
use crate::record::{InputUnit, Run, Series};
use crate::workload::WorkloadName;
use crate::{Axis, Resolution};

/// Costs that add up: what a prompt costs beside its image's decoding is what encoding and reading it cost. Memory does not.
const METRICS: [Metric; 6] =
    [Metric::WallTime, Metric::CpuTime, Metric::Instructions, Metric::InstructionsHw, Metric::CpuAuc, Metric::Energy];

/// What the costs of a series say of its expected units.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitsFit {
    /// What is counted.
    pub unit: InputUnit,
    /// How many are expected, by size.
    pub by_size: BTreeMap<u64, u64>,
    /// The images by size, where the record has them.
    pub images: BTreeMap<u64, Resolution>,
    /// What the costs say, or why they say nothing; absent for a metric that is no function of the units alone.
    pub law: Option<Result<UnitLaw, NoUnitLaw>>,
}

/// The units of a series of a run, with what its costs say; `None` if the record expects none.
pub(super) fn of_series(run: &Run, series: &Series) -> Option<UnitsFit> {
    let expected = series.expected_units.as_ref()?;
    let law = unit_series(run, series).ok().map(|its| its.judged(UNIT_ALARM));
    Some(UnitsFit { unit: expected.unit, by_size: expected.by_size.clone(), images: series.images(), law })
}

/// What `[gate] expected_units` asks of a run: every series whose cost is that of its units. One that should be there and is not, is a
/// check without data.
pub(super) fn of_run(run: &Run, settings: &GateSettings) -> Vec<UnitCheck> {
    if !settings.expected_units {
        return Vec::new();
    }
    let required = settings.required(&run.provenance.host.class);
    let is_asked = |series: &&Series| {
        METRICS.contains(&series.metric)
            && settings.gates(series.metric)
            && is_of_units(&series.workload)
            && (series.unavailable.is_none() || required.contains(&series.metric))
    };
    let check = |workload: WorkloadName, metric, axis, expected| {
        let host = run.provenance.host.class.clone();
        UnitCheck { host, workload, metric, axis, expected }
    };
    let asked = run.series.iter().filter(is_asked);
    let mut checks: Vec<UnitCheck> = asked
        .map(|series| check(series.workload.clone(), series.metric, series.axis.clone(), unit_series(run, series)))
        .collect();
    if checks.is_empty() {
        let metric = required.first().copied().unwrap_or(Metric::WallTime);
        checks.push(check(EVERY_WORKLOAD.into(), metric, Axis::PIXELS, Err(Reason::NoExpectedUnits)));
    }
    checks
}

/// Whether its cost is one of what an image becomes.
fn is_of_units(workload: &WorkloadName) -> bool {
    workload.family() == Some("vlm") && ["encode", "prompt"].contains(&phase(workload))
}

/// The phase without what may follow it.
fn phase(workload: &WorkloadName) -> &str {
    workload.phase().split('/').next().unwrap_or_default()
}

/// Costs beside expected units. Those of a prompt are without what preprocessing costs at the same size, which grows with the file.
fn unit_series(run: &Run, series: &Series) -> Result<UnitSeries, Reason> {
    if let Some(reason) = &series.unavailable {
        return Err(Reason::Unavailable(reason.clone()));
    }
    let expected = series.expected_units.as_ref().ok_or(Reason::NoExpectedUnits)?;
    let unusable = |fault| Reason::Unusable(Side::Run, fault);
    let mut costs = observations(series).map_err(unusable)?;
    if !METRICS.contains(&series.metric) {
        return Err(Reason::NoUnitLaw(NoUnitLaw::Sizes));
    }
    if phase(&series.workload) == "prompt" {
        costs = without_preprocessing(run, series, &costs).ok_or(Reason::NoPreprocessing)?;
    }
    Ok(UnitSeries {
        unit: expected.unit,
        observations: costs,
        by_size: expected.by_size.clone(),
        images: series.images(),
    })
}

/// The costs of prompts less the mean cost of preprocessing the same image, at the sizes that have one.
fn without_preprocessing(run: &Run, series: &Series, costs: &Observations) -> Option<Observations> {
    let (front, back) = series.workload.split_once("vlm/prompt")?;
    let preprocessing = run.series(&format!("{front}vlm/preprocess{back}"), series.metric)?;
    let mut of_size: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    for (size, _, cost) in preprocessing.costs() {
        of_size.entry(size as u64).or_default().push(cost);
    }
    let points = costs.points().filter_map(|(size, round, cost)| {
        let its = of_size.get(&(size as u64))?;
        let mean = its.iter().sum::<f64>() / its.len() as f64;
        // A rest of nothing is no cost that a law could be fitted to, and is left to say so.
        Some((size, round, (cost - mean).max(0.0)))
    });
    Observations::new(points).ok()
}

#[cfg(all(test, feature = "cli"))]
mod tests;
