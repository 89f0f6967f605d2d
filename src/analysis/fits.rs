//! From a series to its law.

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
#[derive(Debug, Clone, PartialEq)]
pub enum Unfitted {
    /// What is missing or wrong, as a sentence.
    Fault(String),
    /// It is a number of the model, as perplexity, and no function of a size.
    Value(f64),
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
/// An unavailable metric, samples that no law can be fitted to, or a metric that follows none.
pub fn fit_series(series: &Series) -> Result<Fit, Unfitted> {
    let observations = observations(series).map_err(Unfitted::Fault)?;
    if series.metric.has_law() {
        return law::fit(&observations, &FitOptions::default()).map_err(|error| Unfitted::Fault(error.to_string()));
    }
    let mut points = observations.points();
    Err(match (points.next(), points.next()) {
        (Some((.., value)), None) => Unfitted::Value(value),
        _ => Unfitted::Fault(format!("more than one number of {}", series.metric)),
    })
}

/// The costs of a series as the laws take them.
///
/// # Errors
/// An unavailable metric, or samples that are no observations.
pub fn observations(series: &Series) -> Result<Observations, String> {
    if let Some(reason) = &series.unavailable {
        return Err(format!("unavailable: {reason}"));
    }
    Observations::new(series.costs()).map_err(|error| error.to_string())
}
