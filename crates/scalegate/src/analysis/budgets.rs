//! Budgets of a configuration, with what was measured of them.

use super::observations;
use super::verdict::{costs_of, unknown_axis};
use crate::baseline::Baseline;
use crate::config::{BudgetSettings, GateSettings};
use crate::gate::{Budget, Reason, Side};
use crate::record::Run;
#[cfg(feature = "cli")]
use crate::{
    Error, Result,
    analysis::Expected,
    gate::{Case, Scope},
    law::MAX_EXTRAPOLATION,
    record::{PairRecord, Series},
    units,
};

/// Refuses budgets of the configuration that nothing can be said of, in records of what it measures.
///
/// # Errors
/// A workload that nothing measures, or a size that no law is trusted at; file and line are named.
#[cfg(feature = "cli")]
pub fn check_budgets(runs: &[Run], settings: &GateSettings, expected: &Expected) -> Result<()> {
    let names = expected.names();
    for run in runs {
        for budget in settings.budgets.iter().filter(|budget| budget.holds_for(&run.provenance.host.class)) {
            let is_known = has_workload(run, budget) || names.contains(&budget.workload);
            if !is_known && expected.is_complete && !run.provenance.is_imported() {
                return Err(unknown(budget, &names.iter().map(|name| &**name).collect::<Vec<_>>()));
            }
            if let Some(series) = run.series(&budget.workload, budget.metric) {
                check_size(budget, series)?;
            }
        }
    }
    Ok(())
}

/// The budgets that hold for the host of a run: of what it measured, and of metrics that it has to measure.
pub(super) fn of_run(run: &Run, own: &[Baseline], settings: &GateSettings) -> Vec<Budget> {
    let class = &run.provenance.host.class;
    let is_demanded =
        |budget: &BudgetSettings| settings.required(class).contains(&budget.metric) && !run.provenance.is_imported();
    let concerns = |budget: &&BudgetSettings| {
        budget.holds_for(class) && (run.series(&budget.workload, budget.metric).is_some() || is_demanded(budget))
    };
    let judged = |budget: &BudgetSettings| {
        let series = run.series(&budget.workload, budget.metric);
        let (costs, fault) = costs_of(series, Side::Run);
        let unavailable = series.and_then(|series| series.unavailable.clone()).map(Reason::Unavailable);
        let missing = series.is_none().then_some(Reason::NotMeasured);
        let is_its = |baseline: &&Baseline| {
            baseline.series().workload == budget.workload
                && baseline.series().metric == budget.metric
                && baseline.run.provenance.incomparable(&run.provenance).is_empty()
        };
        let accepted = own.iter().filter(is_its).flat_map(|it| std::iter::once(it.series()).chain(&it.further));
        Budget {
            axis: series.map_or_else(unknown_axis, |series| series.axis.clone()),
            looks: series.map(|series| series.looks.clone()).unwrap_or_default(),
            run: costs,
            accepted: accepted.filter_map(|series| observations(series).ok()).collect(),
            withheld: unavailable.or(missing).or(fault),
            ..of(budget, class)
        }
    };
    settings.budgets.iter().filter(concerns).map(judged).collect()
}

/// The budgets of the head of pairs. Workloads that were not asked for are no part of the comparison.
#[cfg(feature = "cli")]
pub(super) fn of_pairs(record: &PairRecord, settings: &GateSettings, cases: &[Case]) -> Vec<Budget> {
    let class = &record.host.class;
    let judged = |budget: &BudgetSettings| {
        let is_its = |case: &&Case| {
            (&case.workload, case.metric, case.scope) == (&budget.workload, budget.metric, Scope::Absolute)
        };
        let case = cases.iter().find(is_its)?;
        Some(Budget {
            axis: case.axis.clone(),
            looks: case.looks.clone(),
            run: case.run.clone(),
            withheld: case.withheld.clone(),
            ..of(budget, class)
        })
    };
    settings.budgets.iter().filter(|budget| budget.holds_for(class)).filter_map(judged).collect()
}

#[cfg(feature = "cli")]
fn has_workload(run: &Run, budget: &BudgetSettings) -> bool {
    run.series.iter().any(|series| series.workload == budget.workload)
}

/// A budget without costs.
fn of(budget: &BudgetSettings, class: &str) -> Budget {
    Budget {
        host: class.to_owned(),
        workload: budget.workload.clone(),
        metric: budget.metric,
        axis: unknown_axis(),
        unit: budget.metric.unit().to_owned(),
        at: budget.at,
        at_most: budget.at_most,
        noise: budget.metric.error_bound(),
        looks: Vec::new(),
        run: None,
        accepted: Vec::new(),
        withheld: None,
    }
}

#[cfg(feature = "cli")]
fn unknown(budget: &BudgetSettings, names: &[&str]) -> Error {
    let mut names = names.to_vec();
    names.sort_unstable();
    names.dedup();
    Error::new(
        &budget.place,
        format!("a budget of the workload `{}`, which nothing measures", budget.workload),
        format!("name one of {}", names.join(", ")),
    )
}

/// Sizes that were measured say how far their law is trusted.
#[cfg(feature = "cli")]
fn check_size(budget: &BudgetSettings, series: &Series) -> Result<()> {
    let sizes = series.sizes();
    let Some((&smallest, &largest)) = sizes.first().zip(sizes.last()) else { return Ok(()) };
    let (smallest, largest) = (smallest as f64, largest as f64);
    let farthest = MAX_EXTRAPOLATION * largest;
    if (smallest..=farthest).contains(&budget.at) {
        return Ok(());
    }
    let size = |value| units::size(value, &series.axis);
    Err(Error::new(
        &budget.place,
        format!(
            "a budget of {} at {}, where sizes from {} to {} are measured",
            series.key(),
            size(budget.at),
            size(smallest),
            size(largest)
        ),
        format!("measure that size, or set `at` to one from {} to {}", size(smallest), size(farthest)),
    ))
}
