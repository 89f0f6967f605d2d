//! Laws beside the accepted ones, with what is drawn of them.

use super::laws::{SeriesFit, fit_series, fitted, observations};
use crate::baseline::{Baseline, Store, count_key};
use crate::law::{self, Fit, Interval};
use crate::metric::Kind;
use crate::record::{Run, Series};

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
const BAND_SIZES: usize = 48;

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
    let at = along(fit);
    let intervals = law::band(&observations(series).ok()?, fit, &at)?;
    Some(at.into_iter().zip(intervals).collect())
}

/// Sizes from the smallest to the largest in equal factors, with the corners of the law among them.
pub(super) fn along(fit: &Fit) -> Vec<f64> {
    let (Some(smallest), Some(largest)) = (fit.sizes.first(), fit.sizes.last()) else { return Vec::new() };
    let step = |i: usize| smallest * (largest / smallest).powf(i as f64 / (BAND_SIZES - 1) as f64);
    let mut at: Vec<f64> = (0..BAND_SIZES).map(step).collect();
    at.extend(fit.curve.corners().into_iter().filter(|k| (smallest..=largest).contains(&k)));
    at.sort_by(f64::total_cmp);
    at
}
