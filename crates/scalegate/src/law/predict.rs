//! What a law says of a size that was not measured.
//!
//! A prediction interval holds for the cost of one more round at that size, and not for the law alone (Hahn and Meeker, *Statistical
//! Intervals*, 1991, §4.7 and ch. 11). Its variance is the sum of what is uncertain:
//!
//! - the law, over rounds (the jackknife of [`fit`](super::fit())), as the mean over the classes that the data allow;
//! - the same by how far sizes lie off the law beyond the noise of rounds, as the steps of tiles do, and so may a new size;
//! - one more round: the noise of a size within it, which may grow with size (a [`NoiseTrend`]), and how rounds differ;
//! - the class: each that the data allow, by its Akaike weight, has a cost of its own there. Within the sizes this is next to nothing;
//!   beyond them it grows faster than all else;
//! - between the two sizes that a step of a staircase lies between, on which side of it the size is.
//!
//! The means over classes are the unconditional variance of Burnham and Anderson (*Model Selection and Multimodel Inference*, 2002, §4.3.2,
//! with the mean of squares, after Buckland, Burnham and Augustin, *Model selection: an integral part of inference*, Biometrics 53, 1997).
//!
//! Degrees of freedom are Satterthwaite's (Biometrics Bulletin 2, 1946). Errors multiply, so that all of this is about logarithms.

use thiserror::Error;

use super::curve::{Class, Curve};
use super::form::Form;
use super::interval::{Interval, Spread};
use super::noise_trend::NoiseTrend;
use super::observations::Observations;
use super::panel::Panel;
use super::sample::Sample;
use super::select::{NOISE_FLOOR, weights};
use super::{FitError, FitOptions};

/// How far beyond the largest measured size a law is trusted, as a factor: with more, a class that shows below a hundredth at the measured
/// sizes can be most of the cost.
pub const MAX_EXTRAPOLATION: f64 = 4.0;

/// Sizes at which a search looks for the first that costs too much, and then again between two of these.
const GRID: usize = 128;

/// Classes further apart than this factor are no further apart: one that falls to zero has no logarithm.
const MAX_APART: f64 = 10.0;

/// A class with less weight is not named.
const MIN_WEIGHT: f64 = 0.01;

/// Why nothing is predicted.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum PredictError {
    /// There is no law.
    #[error(transparent)]
    NoLaw(#[from] FitError),
    /// Below the smallest size other things than the law may be the cost.
    #[error("size {size} is below the smallest that was measured, {smallest}")]
    TooSmall {
        /// What was asked for.
        size: f64,
        /// The smallest measured size.
        smallest: f64,
    },
    /// Too far beyond the largest size.
    #[error(
        "size {size} is more than {} times the largest that was measured, {largest}: no law is trusted as far",
        MAX_EXTRAPOLATION
    )]
    TooLarge {
        /// What was asked for.
        size: f64,
        /// The largest measured size.
        largest: f64,
    },
    /// Beyond the largest size, a staircase may have its next step anywhere, or none.
    #[error(
        "size {size} is beyond the largest that was measured, {largest}: where a staircase has its next step no cost tells; measure that size"
    )]
    BeyondSteps {
        /// What was asked for.
        size: f64,
        /// The largest measured size.
        largest: f64,
    },
}

/// The cost of one more round at a size.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// The size.
    pub size: f64,
    /// The cost with its prediction interval.
    pub cost: Interval,
    /// The size over the largest that was measured: above 1, the law is extrapolated.
    pub extrapolation: f64,
}

/// The largest size whose cost stays below a limit.
#[derive(Debug, Clone, PartialEq)]
pub enum Within {
    /// Up to this size, with its prediction.
    UpTo(Prediction),
    /// All sizes that can be predicted do, the largest with this prediction.
    All(Prediction),
    /// Not even the smallest measured size does, with this prediction.
    None(Prediction),
}

/// A law that predicts.
#[derive(Debug, Clone)]
pub struct Predictor {
    sample: Sample,
    form: Form,
    curve: Curve,
    /// Forms that the data allow, with their curves and weights.
    allowed: Vec<(Form, Curve, f64)>,
    trend: NoiseTrend,
    confidence: f64,
}

/// What is uncertain of the logarithms of costs at some sizes, as variances.
struct Parts {
    law: Vec<f64>,
    misfit: Vec<f64>,
    classes: Vec<f64>,
}

impl Predictor {
    /// Fits the law that `observations` call for.
    ///
    /// # Errors
    /// As [`fit`](super::fit()).
    pub fn new(observations: &Observations, options: &FitOptions) -> Result<Self, FitError> {
        if !(options.confidence > 0.0 && options.confidence < 1.0) {
            return Err(FitError::Confidence { confidence: options.confidence });
        }
        let sample = Sample::new(Panel::new(observations)?)?;
        let (form, curve) = sample.select(options.seed, options.resamples)?;
        let points = sample.points(sample.panel.pooled(None));
        let allowed = match form {
            // Nothing is called a staircase unless all other classes are rejected.
            Form::Staircase(_) => vec![(form, curve.clone(), 1.0)],
            _ => weights(&points, sample.panel.pure_error()).ok_or(FitError::Range)?,
        };
        let trend = NoiseTrend::new(&sample.panel);
        Ok(Self { sample, form, curve, allowed, trend, confidence: options.confidence })
    }

    /// The class of the law.
    pub fn class(&self) -> Class {
        self.form.class()
    }

    /// The classes that the data allow, with their Akaike weights, the likeliest first.
    pub fn classes(&self) -> Vec<(Class, f64)> {
        let mut classes: Vec<(Class, f64)> = Vec::new();
        for (form, _, weight) in &self.allowed {
            match classes.iter_mut().find(|(class, _)| *class == form.class()) {
                Some((_, sum)) => *sum += weight,
                None => classes.push((form.class(), *weight)),
            }
        }
        classes.retain(|(class, weight)| *weight >= MIN_WEIGHT || *class == self.class());
        classes.sort_by(|a, b| b.1.total_cmp(&a.1));
        classes
    }

    /// The measured sizes, ascending.
    pub fn sizes(&self) -> &[f64] {
        &self.sample.panel.sizes
    }

    /// The smallest and the largest size that can be predicted.
    pub fn range(&self) -> (f64, f64) {
        let sizes = self.sizes();
        let reach = if self.class() == Class::Staircase { 1.0 } else { MAX_EXTRAPOLATION };
        (sizes[0], reach * sizes[sizes.len() - 1])
    }

    /// The cost of one more round at `size`.
    ///
    /// # Errors
    /// A size outside of [`range`](Self::range), or a law at or below zero there.
    pub fn at(&self, size: f64) -> Result<Prediction, PredictError> {
        self.check(size)?;
        let spread = self.of_round(&[size]).ok_or(FitError::Range)?.remove(0);
        Ok(self.prediction(size, spread))
    }

    /// The largest size up to which the cost of one more round stays below `limit`, at each size with the confidence of this, one-sided.
    ///
    /// # Errors
    /// A law at or below zero.
    pub fn within(&self, limit: f64) -> Result<Within, PredictError> {
        let (smallest, farthest) = self.range();
        let one_sided = 2.0 * self.confidence - 1.0;
        // The first of some sizes whose cost may be above the limit.
        let first_above = |sizes: &[f64]| -> Option<Option<usize>> {
            let spreads = self.of_round(sizes)?;
            let is_above = |spread: &Spread| spread.interval(one_sided.max(f64::MIN_POSITIVE)).upper > limit.ln();
            Some(spreads.iter().position(is_above))
        };
        let grid = geometric(smallest, farthest);
        let (from, to) = match first_above(&grid).ok_or(FitError::Range)? {
            None => return Ok(Within::All(self.at(farthest)?)),
            Some(0) => return Ok(Within::None(self.at(smallest)?)),
            Some(index) => (grid[index - 1], grid[index]),
        };
        let fine = geometric(from, to);
        let last = match first_above(&fine).ok_or(FitError::Range)? {
            None | Some(0) => from,
            Some(index) => fine[index - 1],
        };
        // Sizes are whole numbers.
        Ok(Within::UpTo(self.at(last.floor().max(smallest))?))
    }

    /// The logarithm of the mean cost at `size` by the law, with all that is uncertain of it but the noise of one more round.
    fn mean_at(&self, size: f64) -> Result<Spread, PredictError> {
        self.check(size)?;
        let parts = self.parts(&[size]).ok_or(FitError::Range)?;
        let log = self.curve.predict(size).ln() + self.sample.scale().ln();
        Ok(joined(log, &self.of_law(&parts, 0)))
    }

    /// The variances of the law at a size, by its place, with their degrees of freedom.
    fn of_law(&self, parts: &Parts, index: usize) -> [(f64, f64); 3] {
        let (rounds, spare) = (self.sample.panel.n_rounds() as f64, self.sample.spare(self.form));
        let of_misfit = if rounds < 2.0 { (spare * self.trend.evenness()).max(1.0) } else { spare };
        [(parts.law[index], (rounds - 1.0).max(1.0)), (parts.misfit[index], of_misfit), (parts.classes[index], spare)]
    }

    /// Between the two sizes that a step lies between, a cost may be that before or after it: half of the time it is the other one.
    fn of_open_step(&self, size: f64, cost: f64) -> f64 {
        let Form::Staircase(stairs) = self.form else { return 0.0 };
        let sizes = self.sizes();
        let mut steps = stairs.gaps().zip(self.curve.steps());
        let open = steps.find(|(gap, _)| sizes[*gap] < size && size < sizes[gap + 1]);
        open.map_or(0.0, |(_, step)| {
            let other = if step.place < size { cost - step.height } else { cost + step.height };
            let apart = (other / cost).clamp(MAX_APART.recip(), MAX_APART).ln();
            0.5 * apart * apart
        })
    }

    fn check(&self, size: f64) -> Result<(), PredictError> {
        let (smallest, farthest) = self.range();
        if size.is_nan() || size < smallest {
            return Err(PredictError::TooSmall { size, smallest });
        }
        if size > farthest {
            return Err(match self.class() {
                Class::Staircase => PredictError::BeyondSteps { size, largest: farthest },
                _ => PredictError::TooLarge { size, largest: farthest / MAX_EXTRAPOLATION },
            });
        }
        Ok(())
    }

    fn prediction(&self, size: f64, spread: Spread) -> Prediction {
        let Interval { estimate, lower, upper } = spread.interval(self.confidence);
        let [estimate, lower, upper] = [estimate, lower, upper].map(|log| log.exp().min(f64::MAX));
        let largest = self.sizes()[self.sizes().len() - 1];
        Prediction { size, cost: Interval { estimate, lower, upper }, extrapolation: size / largest }
    }

    /// The logarithms of the costs of one more round at some sizes; `None` where the law is at or below zero.
    fn of_round(&self, sizes: &[f64]) -> Option<Vec<Spread>> {
        let parts = self.parts(sizes)?;
        // Of one round the misfit is noise and all.
        let noise = self.sample.panel.variances().map(|(cell, round)| {
            let df = self.sample.panel.pure_error().degrees_of_freedom as f64 * self.trend.evenness();
            [(cell, df.max(1.0)), (round, self.sample.panel.n_rounds() as f64 - 1.0)]
        });
        let spread = |(index, &size): (usize, &f64)| {
            let noise = noise.map(|[(cell, df), round]| [(cell * self.trend.at(size), df), round]);
            let all: Vec<(f64, f64)> = noise.into_iter().flatten().chain(self.of_law(&parts, index)).collect();
            joined(self.curve.predict(size).ln() + self.sample.scale().ln(), &all)
        };
        Some(sizes.iter().enumerate().map(spread).collect())
    }

    fn parts(&self, sizes: &[f64]) -> Option<Parts> {
        let costs: Vec<f64> = sizes.iter().map(|size| self.curve.predict(*size)).collect();
        if costs.iter().any(|cost| cost.is_nan() || *cost <= 0.0) {
            return None;
        }
        let logs = |curve: &Curve| -> Vec<f64> {
            // A curve that a round leaves at or below zero has no logarithm; how far it is off counts relative to the law.
            let log = |(size, cost): (&f64, &f64)| match curve.predict(*size) / cost {
                ratio if ratio > 0.5 => cost.ln() + ratio.ln(),
                ratio => cost.ln() + 0.5_f64.ln() + 2.0 * (ratio - 0.5),
            };
            sizes.iter().zip(&costs).map(log).collect()
        };
        // Rounds explain their part of the residuals, which the jackknife has.
        let pure = self.sample.panel.pure_error();
        let explained =
            if pure.degrees_of_freedom > 0 { pure.sum_of_squares / pure.degrees_of_freedom as f64 } else { 0.0 };
        // What rounds don't explain is no noise but how far a law is off, which nobody says grows with size.
        let misfit_at = |size: &f64| if self.sample.panel.n_rounds() < 2 { self.trend.at(*size) } else { 1.0 };
        let of_sizes: Vec<f64> = self.sizes().iter().map(misfit_at).collect();
        let zeros = || vec![0.0; sizes.len()];
        let mut parts = Parts { law: zeros(), misfit: zeros(), classes: zeros() };
        let mut sum = 0.0;
        for (form, curve, weight) in &self.allowed {
            let refit = |y: Vec<f64>| form.fit(&self.sample.points(y)).map(|fitted| logs(&fitted.curve));
            let law: Vec<f64> = if self.sample.panel.n_rounds() < 2 {
                zeros()
            } else {
                // A form that some round does not allow is left out.
                let Some(spreads) = self.sample.spreads_over_rounds(refit) else { continue };
                spreads.iter().map(|spread| spread.standard_error.powi(2)).collect()
            };
            let Some(responses) = self.sample.responses(&logs(curve), &of_sizes, refit) else { continue };
            let misfit = (self.sample.misfit_variance(*form)? - explained).max(NOISE_FLOOR * NOISE_FLOOR);
            for (index, (size, cost)) in sizes.iter().zip(&costs).enumerate() {
                let apart = (curve.predict(*size) / cost).clamp(MAX_APART.recip(), MAX_APART).ln();
                parts.law[index] += weight * law[index];
                parts.misfit[index] += weight * misfit * (misfit_at(size) + responses[index]);
                parts.classes[index] += weight * apart * apart;
            }
            sum += weight;
        }
        for variance in [&mut parts.law, &mut parts.misfit, &mut parts.classes].into_iter().flatten() {
            *variance /= sum;
        }
        for (variance, (size, cost)) in parts.classes.iter_mut().zip(sizes.iter().zip(&costs)) {
            *variance += self.of_open_step(*size, *cost);
        }
        (sum > 0.0).then_some(parts)
    }
}

/// The logarithm of the mean cost at `size`: what was measured, if it was, else what the law says.
///
/// # Errors
/// As [`Predictor::at`].
pub(crate) fn mean_cost(observations: &Observations, size: f64, options: &FitOptions) -> Result<Spread, PredictError> {
    let panel = Panel::new(observations)?;
    let Some(index) = panel.sizes.iter().position(|its| *its == size) else {
        return Predictor::new(observations, options)?.mean_at(size);
    };
    let sample = Sample::new(panel)?;
    let spread = match sample.panel.n_rounds() {
        1 => Spread::of_one(sample.panel.pooled(None)[index].ln()),
        _ => sample.spreads_over_rounds(|costs| Some(vec![costs[index].ln()])).ok_or(FitError::Range)?.remove(0),
    };
    Ok(Spread { estimate: spread.estimate + sample.scale().ln(), ..spread })
}

/// Independent variances, each with its degrees of freedom, around one estimate.
fn joined(estimate: f64, parts: &[(f64, f64)]) -> Spread {
    let variance: f64 = parts.iter().map(|(variance, _)| variance).sum();
    let weighed: f64 = parts.iter().map(|(variance, df)| variance * variance / df).sum();
    let degrees_of_freedom = if weighed > 0.0 { variance * variance / weighed } else { 1.0 };
    Spread { estimate, standard_error: variance.sqrt(), degrees_of_freedom }
}

/// Sizes from one to another, each larger than the one before by the same factor.
fn geometric(from: f64, to: f64) -> Vec<f64> {
    let size = |step: usize| from * (to / from).powf(step as f64 / (GRID - 1) as f64);
    (0..GRID).map(|step| size(step).clamp(from, to)).collect()
}
