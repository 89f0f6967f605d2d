//! The interval of a fitted law, size by size.

use super::{Class, Fit, Form, Interval, Observations, Panel, Sample};

/// The interval of the law's cost at each of the sizes `at`, at the confidence of the fit.
///
/// Each interval holds for its size alone: the whole law is within all of them less often. They are delete-one jackknives
/// over rounds, as those of the parameters are. `None` if the observations are not those that `fit` comes from.
pub fn band(observations: &Observations, fit: &Fit, at: &[f64]) -> Option<Vec<Interval>> {
    let sample = Sample::new(Panel::new(observations).ok()?).ok()?;
    let form = form(fit);
    let curve = sample.fit(form)?;
    let spreads = sample.spreads(form, curve, |curve| at.iter().map(|n| curve.predict(*n)).collect())?;
    let band: Vec<Interval> =
        spreads.iter().map(|spread| spread.interval(fit.confidence).scaled(sample.scale())).collect();
    let is_finite = |interval: &Interval| interval.lower.is_finite() && interval.upper.is_finite();
    band.iter().all(is_finite).then_some(band)
}

/// The form that a law was fitted in.
fn form(fit: &Fit) -> Form {
    match fit.class {
        Class::Constant => Form::Constant,
        Class::Linear => Form::Line,
        Class::Linearithmic => Form::Linearithmic,
        Class::Quadratic => Form::Quadratic,
        Class::Knee if fit.parameter("curvature").is_some() => Form::CurvedKnee,
        Class::Knee => Form::Knee,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::{FitOptions, fit};

    fn observations(cost: impl Fn(f64) -> f64) -> Observations {
        let sizes = [10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0, 1280.0];
        let wobble = |n: f64, round: u32| 1.0 + 0.02 * (f64::from(round) * 2.3 + n).sin();
        let points = (0..8).flat_map(|round| sizes.map(|n| (n, round)));
        Observations::new(points.map(|(n, round)| (n, round, cost(n) * wobble(n, round)))).unwrap()
    }

    #[test]
    fn a_band_is_around_the_law_and_has_some_width() {
        for cost in [|n: f64| 5.0 + n, |n: f64| 5.0 + n + 0.01 * n * n, |n: f64| 5.0 + n.min(160.0)] {
            let observations = observations(cost);
            let fit = fit(&observations, &FitOptions::default()).unwrap();
            let at = [10.0, 100.0, 1280.0];
            for (n, interval) in at.iter().zip(band(&observations, &fit, &at).unwrap()) {
                assert!((interval.estimate / fit.predict(*n) - 1.0).abs() < 1e-9, "{} at {n}", fit.class);
                assert!(interval.lower < interval.estimate && interval.estimate < interval.upper);
                assert!(interval.upper / interval.lower < 1.1, "{} at {n}: {interval:?}", fit.class);
            }
        }
    }
}
