//! From series to their laws, and what is drawn of these: bands, and the accepted laws.

use crate::Axis;
use crate::baseline::{Baseline, Store, count_key};
use crate::law::{self, Fit, FitOptions, Interval, Observations};
use crate::metric::{Kind, Metric};
use crate::record::{Run, Series};
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
    run.series.iter().map(|series| fitted(run, series)).collect()
}

/// A series of `run` with its law.
fn fitted(run: &Run, series: &Series) -> SeriesFit {
    SeriesFit {
        workload: series.workload.clone(),
        metric: series.metric,
        axis: series.axis.clone(),
        unit: series.unit.clone(),
        expected_knee: expected_knee(run, series),
        outcome: fit_series(series),
    }
}

/// Counts have an embedded model, and a clamp, of their own.
fn expected_knee(run: &Run, series: &Series) -> Option<f64> {
    if series.axis != Axis::PIXELS {
        return None;
    }
    let field = match series.workload.model() {
        _ if series.workload.family() != Some("vlm") => return None,
        Some(model) => format!("model.{model}.expected_knee"),
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

/// A run with its laws.
#[derive(Debug, Clone)]
pub struct RunLaws<'a> {
    /// The record.
    pub run: &'a Run,
    /// One per series, in the record's order.
    pub laws: Vec<SeriesLaw>,
}

/// The law of a series, with the accepted one.
#[derive(Debug, Clone)]
pub struct SeriesLaw {
    /// The law, or why there is none.
    pub series: SeriesFit,
    /// Sizes, ascending and close enough for a smooth curve, with the interval of the law's cost there; empty without a law.
    pub band: Vec<(f64, Interval)>,
    /// The accepted law of the same series.
    pub baseline: Option<AcceptedLaw>,
}

/// A law that was accepted.
#[derive(Debug, Clone)]
pub struct AcceptedLaw {
    /// The law.
    pub fit: Fit,
    /// Whether its costs may be compared with those of the run, and not only its shape.
    pub comparable: bool,
}

/// Sizes along a law; at this many the pieces of its curve can't be seen.
const BAND_SIZES: usize = 96;

/// The laws of the series of a run that `is_wanted` names, with the accepted ones: of the host's own class or of the count's
/// key if there are any, else the portable ones, of which only the shape compares unless they come from such a host.
///
/// # Errors
/// A baseline that cannot be read.
pub fn laws<'a>(run: &'a Run, store: &Store, is_wanted: impl Fn(&Series) -> bool) -> crate::Result<RunLaws<'a>> {
    let accepted: Vec<Baseline> =
        store.host(&run.provenance.host.class)?.into_iter().chain(store.portable()?).collect();
    let mut laws = Vec::new();
    for series in run.series.iter().filter(|series| is_wanted(series)) {
        let fit = fitted(run, series);
        let baseline = match series.metric.kind() {
            Kind::Count => accepted_law(&store.counts(&count_key(series))?, series, |_| true),
            _ => accepted_law(&accepted, series, |it| it.run.provenance.incomparable(&run.provenance).is_empty()),
        };
        let band = fit.outcome.as_ref().ok().and_then(|law| band(series, law)).unwrap_or_default();
        laws.push(SeriesLaw { series: fit, band, baseline });
    }
    Ok(RunLaws { run, laws })
}

/// The first baseline of a series whose costs compare, else the first whose shape does.
fn accepted_law(
    baselines: &[Baseline],
    series: &Series,
    has_comparable_costs: impl Fn(&Baseline) -> bool,
) -> Option<AcceptedLaw> {
    let of_series: Vec<&Baseline> = baselines
        .iter()
        .filter(|baseline| {
            let accepted = baseline.series();
            accepted.key() == series.key() && accepted.axis == series.axis && accepted.protocol == series.protocol
        })
        .collect();
    let comparable = of_series.iter().find(|baseline| has_comparable_costs(baseline));
    let found = comparable.or(of_series.first())?;
    let fit = fit_series(found.series()).ok()?;
    Some(AcceptedLaw { fit, comparable: comparable.is_some() })
}

fn band(series: &Series, fit: &Fit) -> Option<Vec<(f64, Interval)>> {
    let at = along(&fit.sizes, fit.curve.breakpoint());
    let intervals = law::band(&observations(series).ok()?, fit, &at)?;
    Some(at.into_iter().zip(intervals).collect())
}

/// Sizes from the smallest to the largest in equal factors, with the breakpoint among them.
pub(super) fn along(sizes: &[f64], breakpoint: Option<f64>) -> Vec<f64> {
    let (Some(smallest), Some(largest)) = (sizes.first(), sizes.last()) else { return Vec::new() };
    let step = |i: usize| smallest * (largest / smallest).powf(i as f64 / (BAND_SIZES - 1) as f64);
    let mut at: Vec<f64> = (0..BAND_SIZES).map(step).collect();
    at.extend(breakpoint.filter(|k| (smallest..=largest).contains(&k)));
    at.sort_by(f64::total_cmp);
    at
}
