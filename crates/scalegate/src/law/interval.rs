//! Intervals, and the spread of an estimate over rounds that they are made from.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// An estimate between the ends of its confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// The point estimate.
    pub estimate: f64,
    /// The lower end.
    pub lower: f64,
    /// The upper end.
    pub upper: f64,
}

impl Interval {
    pub(crate) fn scaled(self, by: f64) -> Self {
        Self { estimate: self.estimate * by, lower: self.lower * by, upper: self.upper * by }
    }
}

/// An estimate with its standard error and the degrees of freedom of that error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    pub(crate) estimate: f64,
    pub(crate) standard_error: f64,
    pub(crate) degrees_of_freedom: f64,
}

impl Spread {
    /// A value of one round: its error is unknown, and 0 degrees of freedom say so.
    pub(crate) fn of_one(estimate: f64) -> Self {
        Self { estimate, standard_error: 0.0, degrees_of_freedom: 0.0 }
    }

    /// The delete-one jackknife over rounds (Tukey 1958; Efron and Tibshirani, *An Introduction to the Bootstrap*, 1993,
    /// ch. 11): `without[i]` is the estimate without round i.
    pub(crate) fn jackknife(estimate: f64, without: &[f64]) -> Self {
        let r = without.len() as f64;
        let mean = without.iter().sum::<f64>() / r;
        let sum: f64 = without.iter().map(|v| (v - mean).powi(2)).sum();
        Self { estimate, standard_error: ((r - 1.0) / r * sum).sqrt(), degrees_of_freedom: r - 1.0 }
    }

    /// The same for rounds whose values depend on those before, in the order in which they were taken.
    ///
    /// The variance of a mean of n values of an AR(1) process is that of n (1 − ρ) / (1 + ρ) independent ones (Bayley and Hammersley,
    /// *The "effective" number of independent observations in an autocorrelated time series*, J. R. Statist. Soc. Suppl. 8, 1946).
    /// ρ is `shared`, the correlation of all costs that the estimate is made of, unless the pseudo-values of the estimate itself show a
    /// higher one, by [`OWN_CORRELATION`] standard errors: of ten rounds, one series of numbers says next to nothing about its own.
    pub(crate) fn serial_jackknife(estimate: f64, without: &[f64], shared: f64) -> Self {
        let plain = Self::jackknife(estimate, without);
        let n = without.len() as f64;
        let own = serial_correlation([without]);
        let rho = if own > shared + OWN_CORRELATION / n.sqrt() { own } else { shared };
        if rho == 0.0 {
            return plain;
        }
        let share = (1.0 - rho) / (1.0 + rho);
        Self {
            estimate,
            // The spread of n correlated values around their own mean is smaller than that around the true one, by this.
            standard_error: plain.standard_error * ((n - 1.0) / (n * share - 1.0).max(1.0)).sqrt(),
            degrees_of_freedom: (n * share - 1.0).max(1.0),
        }
    }

    /// The two-sided interval at `confidence`, by Student's t.
    pub(crate) fn interval(&self, confidence: f64) -> Interval {
        let half = self.standard_error * t_quantile(confidence, self.degrees_of_freedom);
        Interval { estimate: self.estimate, lower: self.estimate - half, upper: self.estimate + half }
    }

    /// The chance that an estimate lies above the upper end of the interval around its true value, by `distance` or more.
    pub(crate) fn tail_beyond(&self, confidence: f64, distance: f64) -> f64 {
        let t = t_quantile(confidence, self.degrees_of_freedom) + distance / self.standard_error;
        if t.is_finite() { t_tail(t, self.degrees_of_freedom) } else { 0.0 }
    }
}

/// By so many standard errors has the correlation of one estimate to be above the shared one to count.
const OWN_CORRELATION: f64 = 2.0;

/// The highest correlation that is reckoned with; beyond it there is next to no information in a further round.
const MAX_CORRELATION: f64 = 0.95;

/// The lag-one correlation that all of these have, each a series of values in their order; 0 where it is negative, or they are too
/// short for it. A positive one always counts: a test of whether it is there would let through what a few rounds cannot show.
///
/// The mean of the estimate from n values is ρ − (1 + 4ρ) / n, which is put right (Kendall, *Note on bias in the estimation of
/// autocorrelation*, Biometrika 41, 1954).
pub(crate) fn serial_correlation<'a>(series: impl IntoIterator<Item = &'a [f64]>) -> f64 {
    let (mut lagged, mut sum, mut n) = (0.0, 0.0, 0.0);
    for values in series {
        n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        sum += values.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
        lagged += values.windows(2).map(|pair| (pair[0] - mean) * (pair[1] - mean)).sum::<f64>();
    }
    // With fewer values the correction for bias is larger than what it corrects.
    if n < 8.0 || sum == 0.0 {
        return 0.0;
    }
    ((n * lagged / sum + 1.0) / (n - 4.0)).clamp(0.0, MAX_CORRELATION)
}

/// From here on the quantile comes from an expansion, exact to 1e-6 and better with every degree of freedom more; the
/// inversion in statrs loses digits there and doesn't end for millions.
const MANY_DEGREES_OF_FREEDOM: f64 = 200.0;

/// The two-sided quantile of Student's t: a share of `confidence` lies within ± the result.
pub(crate) fn t_quantile(confidence: f64, degrees_of_freedom: f64) -> f64 {
    // The lower tail keeps its digits where 1 - tail would round to 1.
    let tail = 0.5 * (1.0 - confidence);
    if degrees_of_freedom >= MANY_DEGREES_OF_FREEDOM {
        let z = -Normal::standard().inverse_cdf(tail);
        return expanded_t(z, degrees_of_freedom);
    }
    StudentsT::new(0.0, 1.0, degrees_of_freedom.max(1.0)).map_or(f64::MAX, |t| -t.inverse_cdf(tail))
}

/// P(T > t) for Student's t.
fn t_tail(t: f64, degrees_of_freedom: f64) -> f64 {
    StudentsT::new(0.0, 1.0, degrees_of_freedom.max(1.0)).map_or(1.0, |d| d.sf(t))
}

/// Cornish and Fisher's expansion of a quantile of t in that of the normal distribution (Abramowitz and Stegun, *Handbook of
/// Mathematical Functions*, 1964, 26.7.5).
fn expanded_t(z: f64, df: f64) -> f64 {
    let (z2, z3) = (z * z, z * z * z);
    let first = (z3 + z) / 4.0;
    let second = z * (5.0 * z2 * z2 + 16.0 * z2 + 3.0) / 96.0;
    let third = z * (3.0 * z3 * z3 + 19.0 * z2 * z2 + 17.0 * z2 - 15.0) / 384.0;
    z + (first + (second + third / df) / df) / df
}
