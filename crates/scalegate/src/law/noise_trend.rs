//! How noise grows or falls with size.
//!
//! The relative error of one cell is taken to have the variance σ²·n^(2θ), a power of the size (Carroll and Ruppert, *Transformation and
//! Weighting in Regression*, 1988, §2.4 and ch. 3). Its exponent is estimated by pseudo-likelihood, from how far rounds lie apart at each
//! size (Davidian and Carroll, *Variance function estimation*, JASA 82, 1987). A few rounds say little about an exponent, and one round
//! nothing, so that it is not set to its estimate: predictions are averaged over a grid of exponents, each with its posterior weight.

use super::panel::{Panel, mean};
use super::select::NOISE_FLOOR;

/// The standard deviation of the exponents that are expected before anything is measured, around zero: at one of them, noise doubles over
/// sizes that grow tenfold.
const PRIOR_SD: f64 = 0.3;

/// Exponents are looked at up to this many prior standard deviations from zero, in this many steps on each side.
const MAX_SDS: f64 = 4.0;
const STEPS: i32 = 40;

/// The variance of a cell's noise by size, relative to its mean over the measured sizes.
#[derive(Debug, Clone)]
pub(crate) struct NoiseTrend {
    /// The largest measured size.
    largest: f64,
    /// The mean logarithm of the measured sizes.
    centre: f64,
    /// Exponents of the variance, with the variance that each has at the centre times its weight.
    exponents: Vec<(f64, f64)>,
    /// The mean variance over the measured sizes.
    mean: f64,
    evenness: f64,
}

impl NoiseTrend {
    /// What the rounds of `panel` say; of one round, what is expected of any.
    pub(crate) fn new(panel: &Panel) -> Self {
        let logs: Vec<f64> = panel.sizes.iter().map(|size| size.ln()).collect();
        let centre = mean(logs.iter().copied());
        let cells = panel.size_variances();
        let grid = (-STEPS..=STEPS).map(|step| MAX_SDS * PRIOR_SD * f64::from(step) / f64::from(STEPS));
        let candidates: Vec<(f64, Posterior)> =
            grid.map(|exponent| (exponent, Posterior::new(exponent, &logs, centre, &cells))).collect();
        let best = candidates.iter().map(|(_, it)| it.log_density).fold(f64::NEG_INFINITY, f64::max);
        let weight = |it: &Posterior| (it.log_density - best).exp();
        let exponents = candidates.iter().map(|(exponent, it)| (2.0 * exponent, weight(it) * it.variance)).collect();
        let all: f64 = candidates.iter().map(|(_, it)| weight(it)).sum();
        let evenness = candidates.iter().map(|(_, it)| weight(it) * it.evenness).sum::<f64>() / all;
        let mut trend = Self { largest: panel.sizes[panel.sizes.len() - 1], centre, exponents, mean: 1.0, evenness };
        trend.mean = mean(panel.sizes.iter().map(|size| trend.at(*size)));
        trend
    }

    /// The variance at a size. Noise that falls with size is not relied on beyond the measured sizes.
    pub(crate) fn at(&self, size: f64) -> f64 {
        let log = size.ln() - self.centre;
        let sum: f64 = self.exponents.iter().map(|(exponent, variance)| variance * (exponent * log).exp()).sum();
        if size > self.largest { (sum / self.mean).max(1.0) } else { sum / self.mean }
    }

    /// The share that is left of degrees of freedom where the noise of all sizes is pooled: a mean of unequal variances is known less well
    /// (Satterthwaite, *An approximate distribution of estimates of variance components*, Biometrics Bulletin 2, 1946).
    pub(crate) fn evenness(&self) -> f64 {
        self.evenness
    }
}

/// How likely an exponent is, and what goes with it.
struct Posterior {
    log_density: f64,
    /// The variance at the centre.
    variance: f64,
    evenness: f64,
}

impl Posterior {
    /// `cells` has the variance within each size with its degrees of freedom.
    fn new(exponent: f64, logs: &[f64], centre: f64, cells: &[(f64, f64)]) -> Self {
        let powers: Vec<f64> = logs.iter().map(|log| (2.0 * exponent * (log - centre)).exp()).collect();
        // The effect of a round is the mean of its cells, so that each size has a part of the noise of all.
        let n_sizes = logs.len() as f64;
        let all = mean(powers.iter().copied()) / n_sizes;
        let expected = powers.iter().map(|power| (1.0 - 2.0 / n_sizes) * power + all);
        let (mut squares, mut logarithms, mut degrees_of_freedom) = (0.0, 0.0, 0.0);
        for (expected, (variance, df)) in expected.zip(cells) {
            squares += df * (variance + NOISE_FLOOR * NOISE_FLOOR) / expected;
            logarithms += df * expected.ln();
            degrees_of_freedom += df;
        }
        let evenness = mean(powers.iter().copied()).powi(2) / mean(powers.iter().map(|power| power * power));
        let prior = -0.5 * (exponent / PRIOR_SD).powi(2);
        if degrees_of_freedom == 0.0 {
            return Self { log_density: prior, variance: 1.0, evenness };
        }
        let likelihood = -0.5 * (logarithms + degrees_of_freedom * squares.ln());
        Self { log_density: prior + likelihood, variance: squares / degrees_of_freedom, evenness }
    }
}
