//! From a series to its law.

use serde::Serialize;

use crate::law::{self, Fit, FitOptions, Observations};
use crate::metric::Metric;
use crate::record::{Run, Series};
use crate::suite::Axis;

/// The law of one series, or why there is none.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesFit {
    /// For instance `llm/prefill`.
    pub workload: String,
    /// What the costs are.
    pub metric: Metric,
    /// What the sizes count.
    pub axis: Axis,
    /// Unit of the costs.
    pub unit: String,
    /// The law, or the reason that there is none.
    pub outcome: Result<Fit, Unfitted>,
}

/// Why a series has no law.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unfitted {
    /// What is missing or wrong, as a sentence.
    pub reason: String,
}

/// Fits every series of a run, in the record's order.
pub fn fit_run(run: &Run) -> Vec<SeriesFit> {
    run.series.iter().map(fitted).collect()
}

pub(super) fn fitted(series: &Series) -> SeriesFit {
    SeriesFit {
        workload: series.workload.clone(),
        metric: series.metric,
        axis: series.axis,
        unit: series.unit.clone(),
        outcome: fit_series(series),
    }
}

/// Fits one series.
///
/// # Errors
/// An unavailable metric, or samples that no law can be fitted to.
pub fn fit_series(series: &Series) -> Result<Fit, Unfitted> {
    let observations = observations(series)?;
    law::fit(&observations, &FitOptions::default()).map_err(|error| Unfitted { reason: error.to_string() })
}

/// The costs of a series as the laws take them.
///
/// # Errors
/// An unavailable metric, or samples that are no observations.
pub fn observations(series: &Series) -> Result<Observations, Unfitted> {
    if let Some(reason) = &series.unavailable {
        return Err(Unfitted { reason: format!("unavailable: {reason}") });
    }
    Observations::new(series.costs()).map_err(|error| Unfitted { reason: error.to_string() })
}
