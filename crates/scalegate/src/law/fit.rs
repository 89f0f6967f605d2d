//! A fit: the law, its numbers with intervals, how well it holds, and its band.

use serde::Serialize;
use thiserror::Error;

use super::curve::{Class, Curve, Step};
use super::form::Form;
use super::interval::{Interval, Spread};
use super::observations::Observations;
use super::panel::Panel;
use super::sample::Sample;
use super::staircase::Stairs;

/// How to fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FitOptions {
    /// Seed of the simulation behind the tests for a knee and for steps; goes into the output.
    pub seed: u64,
    /// Confidence of the intervals, between 0 and 1.
    pub confidence: f64,
    /// Simulated series of each of these tests.
    pub resamples: usize,
}

impl Default for FitOptions {
    fn default() -> Self {
        Self { seed: 0x5ca1_e9a7, confidence: 0.95, resamples: 999 }
    }
}

/// Why there is no law.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum FitError {
    /// A law needs more sizes than there are.
    #[error(
        "a law needs {} sizes or more, and there are {found} (seen in two rounds, when there are several)",
        super::MIN_SIZES
    )]
    TooFewSizes {
        /// The sizes that can be used.
        found: usize,
    },
    /// A cost of zero has no relative error.
    #[error("the cost at size {size} is zero, and a scaling law needs costs above zero")]
    ZeroCost {
        /// The size with a cost of zero.
        size: f64,
    },
    /// The confidence is not between 0 and 1.
    #[error("a confidence of {confidence} is not between 0 and 1")]
    Confidence {
        /// What was asked for.
        confidence: f64,
    },
    /// None of the laws describes the costs.
    #[error(
        "none of the laws describes these costs: the closest one, {class}, is off by a factor of {factor:.1} (root mean square of \
         the logarithms), and that is not noise between rounds; measure at more sizes around the jumps"
    )]
    NoLaw {
        /// The class that comes closest.
        class: Class,
        /// How far it is off at a typical size.
        factor: f64,
    },
    /// The costs or sizes span so much that the law has no finite numbers.
    #[error("the costs or sizes span too many orders of magnitude for a law with finite numbers")]
    Range,
}

/// A number of a law, by name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Parameter {
    /// `intercept`, `slope`, `curvature`, `curvature_share`, `breakpoint`, `level` or `slope_above`; of a staircase also `height` if its
    /// steps are as high as each other, and `growth`, from the smallest to the largest size.
    pub name: &'static str,
    /// The estimate and its interval.
    #[serde(flatten)]
    pub interval: Interval,
}

/// A step of a fitted staircase.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FittedStep {
    /// Between which neighbouring sizes it is, with the geometric mean of these: no cost tells more.
    pub place: Interval,
    /// By how much cost jumps.
    pub height: Interval,
}

/// A fitted law.
///
/// Intervals are delete-one jackknives over rounds with Student's t. The alternative was the bootstrap over rounds, whose
/// percentile intervals are too short with 5 to 10 rounds, and which can't express the confidences of the gate.
/// In 2,000 simulated runs each of a line and a knee, with 5, 8, 10 and 20 rounds of independent noise of 1 and 5 %, the
/// 95 % intervals covered the truth in 93.6 to 96.1 % (slope, intercept, breakpoint, level, slope above, curvature share);
/// the breakpoint and the share of curvature do so too (93.6 to 96.2 %) when rounds are slow as a whole and cells are
/// disturbed, since a slow round moves them not. Slopes and levels then refer to a typical round: rounds that stand out are
/// winsorized, and with every tenth round 1.3 times slower their mean lies above the interval in up to a fifth of 20-round
/// runs.
///
/// With one round, the residuals stand for the noise. Breakpoint and curvature are covered as above; slope, level
/// and intercept are too sure of themselves (20 to 60 %) if rounds differ as a whole, which one round can't show.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fit {
    /// How cost grows with size.
    pub class: Class,
    /// The law with its numbers.
    pub curve: Curve,
    /// The numbers that the class has, with intervals; `curvature_share` of a line is what a parabola would have.
    pub parameters: Vec<Parameter>,
    /// The steps of a staircase, by ascending place.
    pub steps: Vec<FittedStep>,
    /// The share of the relative variation of the costs that the law explains; 0 for a constant.
    pub r_squared: f64,
    /// The sizes that were fitted, ascending.
    pub sizes: Vec<f64>,
    /// The cost of each size, pooled over the rounds.
    pub costs: Vec<f64>,
    /// Cost over law, minus 1, per size.
    pub residuals: Vec<f64>,
    /// The number of rounds.
    pub n_rounds: usize,
    /// The seed that makes the fit repeatable.
    pub seed: u64,
    /// The confidence of the intervals.
    pub confidence: f64,
}

impl Fit {
    /// The cost at size `n`.
    pub fn predict(&self, n: f64) -> f64 {
        self.curve.predict(n)
    }

    /// The interval of a parameter, if the class has it.
    pub fn parameter(&self, name: &str) -> Option<Interval> {
        self.parameters.iter().find(|p| p.name == name).map(|p| p.interval)
    }

    /// The number of sizes that were fitted.
    pub fn n_sizes(&self) -> usize {
        self.sizes.len()
    }
}

/// Fits the law that the observations call for.
///
/// # Errors
/// Too few sizes, a cost of zero, a confidence outside of (0, 1), costs that no law describes, or numbers beyond the range of `f64`.
pub fn fit(observations: &Observations, options: &FitOptions) -> Result<Fit, FitError> {
    if !(options.confidence > 0.0 && options.confidence < 1.0) {
        return Err(FitError::Confidence { confidence: options.confidence });
    }
    let sample = Sample::new(Panel::new(observations)?)?;
    let (form, fitted) = sample.select(options.seed, options.resamples)?;
    let curve = fitted.in_units(1.0, sample.panel.scale);
    let costs: Vec<f64> = sample.panel.pooled(None).iter().map(|y| y * sample.panel.scale).collect();
    let residuals: Vec<f64> =
        sample.panel.sizes.iter().zip(&costs).map(|(&n, cost)| cost / curve.predict(n) - 1.0).collect();
    let parameters = parameters(&sample, form, &fitted, options.confidence)?;
    let steps = steps(&sample, form, &fitted, options.confidence)?;
    let fit = Fit {
        class: form.class(),
        curve,
        parameters,
        steps,
        r_squared: sample.r_squared(&fitted),
        sizes: sample.panel.sizes.clone(),
        costs,
        residuals,
        n_rounds: sample.panel.n_rounds(),
        seed: options.seed,
        confidence: options.confidence,
    };
    let intervals = fit.parameters.iter().map(|p| p.interval).chain(fit.steps.iter().map(|step| step.height));
    let numbers = intervals.flat_map(|its| [its.estimate, its.lower, its.upper]);
    let finite = numbers.chain(fit.residuals.iter().copied()).chain([fit.r_squared]).all(f64::is_finite);
    if finite { Ok(fit) } else { Err(FitError::Range) }
}

fn parameters(sample: &Sample, form: Form, curve: &Curve, confidence: f64) -> Result<Vec<Parameter>, FitError> {
    let ends = (sample.panel.sizes[0], sample.panel.sizes[sample.panel.sizes.len() - 1]);
    let scale = sample.panel.scale;
    // Spreads in units of the scale, since squares of extreme costs are beyond the range of f64.
    let of = |curve: &Curve| named(curve, form, ends).into_iter().map(|(_, v)| v).collect();
    let spreads = sample.spreads(form, curve, of).ok_or(FitError::Range)?;
    let names = named(curve, form, ends).into_iter().map(|(name, _)| name);
    let in_unit = |name, interval: Interval| match name {
        "breakpoint" | "curvature_share" | "growth" => interval,
        _ => interval.scaled(scale),
    };
    let mut parameters: Vec<Parameter> = names
        .zip(&spreads)
        .map(|(name, s)| Parameter { name, interval: in_unit(name, s.interval(confidence)) })
        .collect();
    // The curvature of a straight law is that of the parabola it was tested against.
    if matches!(form, Form::Line | Form::Linearithmic)
        && let Some(parabola) = Form::Quadratic.fit(&sample.points(sample.panel.pooled(None)))
        && let Some(spreads) =
            sample.spreads(Form::Quadratic, &parabola.curve, |curve| vec![curve.curvature_share(ends.1)])
    {
        parameters
            .extend(spreads.iter().map(|s| Parameter { name: "curvature_share", interval: s.interval(confidence) }));
    }
    Ok(parameters)
}

/// The steps of a staircase, whose form has them between certain sizes.
fn steps(sample: &Sample, form: Form, curve: &Curve, confidence: f64) -> Result<Vec<FittedStep>, FitError> {
    let Form::Staircase(stairs) = form else { return Ok(Vec::new()) };
    let heights = |curve: &Curve| curve.steps().iter().map(|step| step.height).collect();
    let spreads = sample.spreads(form, curve, heights).ok_or(FitError::Range)?;
    let sizes = &sample.panel.sizes;
    let step = |((gap, spread), step): ((usize, &Spread), &Step)| FittedStep {
        place: Interval { estimate: step.place, lower: sizes[gap], upper: sizes[gap + 1] },
        height: spread.interval(confidence).scaled(sample.panel.scale),
    };
    Ok(stairs.gaps().zip(&spreads).zip(curve.steps()).map(step).collect())
}

fn named(curve: &Curve, form: Form, (smallest, largest): (f64, f64)) -> Vec<(&'static str, f64)> {
    match *curve {
        Curve::Polynomial { intercept, slope, curvature } => match form {
            Form::Constant => vec![("intercept", intercept)],
            Form::Line => vec![("intercept", intercept), ("slope", slope)],
            _ => vec![
                ("intercept", intercept),
                ("slope", slope),
                ("curvature", curvature),
                ("curvature_share", curve.curvature_share(largest)),
            ],
        },
        Curve::Linearithmic { intercept, slope } => vec![("intercept", intercept), ("slope", slope)],
        Curve::Knee { intercept, slope, curvature, breakpoint, slope_above } => {
            let mut named = vec![("intercept", intercept), ("slope", slope)];
            if form == Form::CurvedKnee {
                named.extend([("curvature", curvature), ("curvature_share", curve.curvature_share(largest))]);
            }
            named.extend([
                ("breakpoint", breakpoint),
                ("level", curve.predict(breakpoint)),
                ("slope_above", slope_above),
            ]);
            named
        }
        Curve::Staircase { intercept, slope, ref steps } => {
            let Form::Staircase(stairs) = form else { return Vec::new() };
            let mut named = vec![("intercept", intercept)];
            named.extend(stairs.is_sloped().then_some(("slope", slope)));
            named.extend(steps.first().filter(|_| stairs.is_equal()).map(|step| ("height", step.height)));
            named.push(("growth", curve.predict(largest) / curve.predict(smallest)));
            named
        }
    }
}

/// The interval of the law's cost at each of the sizes `at`, at the confidence of the fit.
///
/// Each interval holds for its size alone: the whole law is within all of them less often. They are delete-one jackknives
/// over rounds, as those of the parameters are. `None` if the observations are not those that `fit` comes from.
pub fn band(observations: &Observations, fit: &Fit, at: &[f64]) -> Option<Vec<Interval>> {
    let sample = Sample::new(Panel::new(observations).ok()?).ok()?;
    let form = form_of(fit);
    let curve = sample.fit(form)?;
    let spreads = sample.spreads(form, &curve, |curve| at.iter().map(|n| curve.predict(*n)).collect())?;
    let band: Vec<Interval> =
        spreads.iter().map(|spread| spread.interval(fit.confidence).scaled(sample.scale())).collect();
    let is_finite = |interval: &Interval| interval.lower.is_finite() && interval.upper.is_finite();
    band.iter().all(is_finite).then_some(band)
}

/// The form that a law was fitted in.
fn form_of(fit: &Fit) -> Form {
    match fit.class {
        Class::Constant => Form::Constant,
        Class::Linear => Form::Line,
        Class::Linearithmic => Form::Linearithmic,
        Class::Quadratic => Form::Quadratic,
        Class::Knee if fit.parameter("curvature").is_some() => Form::CurvedKnee,
        Class::Knee => Form::Knee,
        Class::Staircase => Form::Staircase(stairs_of(fit)),
    }
}

/// The form of a fitted staircase.
fn stairs_of(fit: &Fit) -> Stairs {
    let gaps = fit.steps.iter().filter_map(|step| fit.sizes.iter().position(|size| *size == step.place.lower));
    Stairs::new(gaps, fit.parameter("height").is_some(), fit.parameter("slope").is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

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
