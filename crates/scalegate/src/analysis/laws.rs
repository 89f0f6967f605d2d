//! From series to their laws.

use super::UnitsFit;
use super::expected_units;
use crate::Axis;
use crate::law::{self, Fit, FitOptions, Observations};
use crate::metric::Metric;
use crate::record::{Run, Series, SeriesKey};
use crate::workload::WorkloadName;

/// The law of one series, or why there is none.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesFit {
    /// For instance `llm/prefill`.
    pub workload: WorkloadName,
    /// What the costs are.
    pub metric: Metric,
    /// What the sizes count.
    pub axis: Axis,
    /// Unit of the costs.
    pub unit: String,
    /// The image size, in pixels, that the model's preprocessing clamps to, where a knee is expected: if the record tells it and
    /// it lies within the measured sizes.
    pub expected_knee: Option<f64>,
    /// What the costs say of the units that each size is expected to become, if the record expects any.
    pub units: Option<UnitsFit>,
    /// Whether a program is started for each cost, so that the intercept is what starting it costs.
    pub has_startup: bool,
    /// The law, or the reason that there is none.
    pub outcome: Result<Fit, Unfitted>,
}

impl SeriesFit {
    /// Which series it is of.
    pub fn key(&self) -> SeriesKey {
        SeriesKey::new(self.workload.clone(), self.metric)
    }
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
    run.series.iter().map(|series| fitted(run, series)).collect()
}

/// A series of `run` with its law.
pub(super) fn fitted(run: &Run, series: &Series) -> SeriesFit {
    SeriesFit {
        workload: series.workload.clone(),
        metric: series.metric,
        axis: series.axis.clone(),
        unit: series.unit.clone(),
        expected_knee: expected_knee(run, series),
        units: expected_units::of_series(run, series),
        has_startup: has_startup(series),
        outcome: fit_series(series),
    }
}

/// Of a program's wall time the start-up may have been subtracted, or the program may report a time without it.
fn has_startup(series: &Series) -> bool {
    let is_set = |key| series.protocol.contains_key(key);
    is_set("command") && !is_set("startup") && !is_set("result")
}

/// Counts have an embedded model, and a clamp, of their own.
fn expected_knee(run: &Run, series: &Series) -> Option<f64> {
    if series.axis != Axis::PIXELS {
        return None;
    }
    let field = match series.workload.model() {
        _ if series.workload.family() != Some("vlm") => return None,
        // A law for each aspect ratio has the ratio in its name.
        Some(model) => match series.workload.phase().split_once('/') {
            Some((_, aspect)) => format!("model.{model}.expected_knee.{aspect}"),
            None => format!("model.{model}.expected_knee"),
        },
        None if series.metric.is_counted() => "instructions.models.vlm.max_pixels".to_owned(),
        None => "models.vlm.max_pixels".to_owned(),
    };
    let pixels: u64 = run.provenance.subject.get(&field)?.parse().ok()?;
    let sizes = series.sizes();
    (sizes.first()?..=sizes.last()?).contains(&&pixels).then_some(pixels as f64)
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
