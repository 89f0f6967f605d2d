//! A panel ready to be fitted, and how far its fits spread.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::FitError;
use super::curve::Curve;
use super::form::{Form, Points, relative_weights};
use super::interval::Spread;
use super::panel::Panel;
use super::random::standard_normal;
use super::select::{NOISE_FLOOR, f_tail, select};

/// The relative change by which costs are varied: small against any noise that matters, large against rounding.
const STEP: f64 = 1e-5;

/// Up to this many sizes, each cost is varied in turn.
const MAX_SENSITIVITIES: usize = 40;

/// A law whose costs are off by more than a factor of 1.5 at a typical size (root mean square of the logarithms) doesn't
/// describe them. The steps of tiles and patches stay far below it…
const MAX_MISFIT: f64 = 0.405;
/// …and so does noise, unless the rounds show as much of it: then the misfit has to be beyond it at this level.
const NO_LAW_LEVEL: f64 = 1e-4;
/// What one cost counts for at most in a misfit: a factor of 1,000.
const WORST_MISFIT: f64 = 6.907_755_278_982_137;

/// A law is off a cost that is further from it than this many standard deviations of a pooled cost.
const OFF_SDS: f64 = 3.0;

/// A panel with the sizes and weights of its fits.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) panel: Panel,
    x: Vec<f64>,
    w: Vec<f64>,
}

impl Sample {
    pub(crate) fn new(panel: Panel) -> Result<Self, FitError> {
        let x_max = panel.sizes[panel.sizes.len() - 1];
        let x: Vec<f64> = panel.sizes.iter().map(|n| n / x_max).collect();
        let pooled = panel.pooled(None);
        let usable = |v: &f64| v.is_finite() && *v > 0.0 && v.recip().is_finite();
        if !(x.iter().all(usable) && pooled.iter().all(usable) && panel.scale.is_normal()) {
            return Err(FitError::Range);
        }
        let w = relative_weights(&x, &pooled);
        Ok(Self { panel, x, w })
    }

    pub(crate) fn points(&self, y: Vec<f64>) -> Points<'_> {
        Points { x: &self.x, x_max: self.panel.sizes[self.x.len() - 1], y, w: &self.w }
    }

    /// What pooled costs are relative to.
    pub(crate) fn scale(&self) -> f64 {
        self.panel.scale
    }

    /// The curve of `form` through the costs pooled over all rounds, in units of the scale.
    pub(crate) fn fit(&self, form: Form) -> Option<Curve> {
        form.fit(&self.points(self.panel.pooled(None))).map(|fitted| fitted.curve)
    }

    /// The form that the costs call for; a smooth one that describes them if that one is far from them, and not by noise.
    pub(crate) fn select(&self, seed: u64, resamples: usize) -> Result<(Form, Curve), FitError> {
        let points = self.points(self.panel.pooled(None));
        let (form, fitted) = select(&points, self.panel.pure_error(), seed, resamples).ok_or(FitError::Range)?;
        if self.describes(&points.y, form, &fitted.curve) {
            return Ok((form, fitted.curve));
        }
        // A knee can be laid through a single cost that is far off, which proves nothing.
        let smooth = [Form::Constant, Form::Line, Form::Linearithmic, Form::Quadratic];
        let spare = smooth.into_iter().filter(|form| form.n_parameters() < points.len());
        let (form, curve) = spare
            .filter_map(|form| form.fit(&points).map(|fitted| (form, fitted.curve)))
            .chain([(form, fitted.curve)])
            .min_by(|a, b| self.misfit(&points.y, &a.1).total_cmp(&self.misfit(&points.y, &b.1)))
            .ok_or(FitError::Range)?;
        if self.describes(&points.y, form, &curve) {
            return Ok((form, curve));
        }
        Err(FitError::NoLaw { class: form.class(), factor: self.misfit(&points.y, &curve).exp() })
    }

    /// The factor by which costs are off a curve at a typical size, as the root mean square of its logarithms.
    fn misfit(&self, costs: &[f64], curve: &Curve) -> f64 {
        let square = |(&n, &cost): (&f64, &f64)| {
            let law = curve.predict(n);
            // One cost that is far off, or a law at or below zero there, doesn't decide alone.
            let off = if law > 0.0 { (cost / law).ln().abs().min(WORST_MISFIT) } else { WORST_MISFIT };
            off * off
        };
        (self.panel.sizes.iter().zip(costs).map(square).sum::<f64>() / costs.len() as f64).sqrt()
    }

    /// Whether a curve is close to the costs, or no farther from them than rounds are from each other.
    fn describes(&self, costs: &[f64], form: Form, curve: &Curve) -> bool {
        let misfit = self.misfit(costs, curve);
        if misfit <= MAX_MISFIT {
            return true;
        }
        let pure = self.panel.pure_error();
        let sum = misfit * misfit * costs.len() as f64;
        let df = (costs.len().saturating_sub(form.n_parameters()).max(1) as f64, pure.degrees_of_freedom as f64);
        df.1 > 0.0 && f_tail(sum / df.0 / (pure.sum_of_squares / df.1), df.0, df.1) > NO_LAW_LEVEL
    }

    /// Statistics of the fitted curve with their spread over rounds, or over the noise of the residuals for one round.
    pub(crate) fn spreads(&self, form: Form, curve: &Curve, of: impl Fn(&Curve) -> Vec<f64>) -> Option<Vec<Spread>> {
        let refit = |y: Vec<f64>| form.fit(&self.points(y)).map(|f| of(&f.curve));
        if self.panel.n_rounds() < 2 {
            return self.spreads_of_one_round(form, &of(curve), refit);
        }
        self.spreads_over_rounds(refit)
    }

    /// Statistics that `read` makes of pooled costs, with their spread over two rounds or more.
    pub(crate) fn spreads_over_rounds(&self, read: impl Fn(Vec<f64>) -> Option<Vec<f64>>) -> Option<Vec<Spread>> {
        let estimates = read(self.panel.pooled(None))?;
        let without: Vec<Vec<f64>> =
            (0..self.panel.n_rounds()).map(|r| read(self.panel.pooled(Some(r)))).collect::<Option<_>>()?;
        let column = |j: usize| without.iter().map(|v| v[j]).collect::<Vec<_>>();
        Some(estimates.iter().enumerate().map(|(j, &e)| Spread::jackknife(e, &column(j))).collect())
    }

    /// Statistics that `read` makes of the pooled costs of two sides, with their spread over pairs of rounds. The sides come from
    /// [`Panel::paired`].
    pub(crate) fn spreads_over_pairs(
        &self,
        other: &Self,
        read: impl Fn(Vec<f64>, Vec<f64>) -> Option<Vec<f64>>,
    ) -> Option<Vec<Spread>> {
        let pooled = |without: Option<usize>| read(self.panel.pooled(without), other.panel.pooled(without));
        let estimates = pooled(None)?;
        let without: Vec<Vec<f64>> = (0..self.panel.n_rounds()).map(|r| pooled(Some(r))).collect::<Option<_>>()?;
        let column = |j: usize| without.iter().map(|v| v[j]).collect::<Vec<_>>();
        let shared = self.panel.serial_correlation(&other.panel);
        Some(estimates.iter().enumerate().map(|(j, &e)| Spread::serial_jackknife(e, &column(j), shared)).collect())
    }

    /// How the statistics that `read` makes of pooled costs answer to a relative change of each cost: one row per size.
    pub(crate) fn sensitivities(&self, read: impl Fn(Vec<f64>) -> Option<Vec<f64>>) -> Option<Vec<Vec<f64>>> {
        let pooled = self.panel.pooled(None);
        let shifted = |s: usize, by: f64| {
            let mut y = pooled.clone();
            y[s] *= 1.0 + by;
            read(y)
        };
        (0..pooled.len())
            .map(|s| {
                let (up, down) = (shifted(s, STEP)?, shifted(s, -STEP)?);
                Some(up.iter().zip(&down).map(|(u, d)| (u - d) / (2.0 * STEP)).collect())
            })
            .collect()
    }

    /// Whether the law of `form` is off the pooled cost of a size (by its index) by more than rounds, or an error of `noise`
    /// in every cost, let expect. Without either nothing says that it is not.
    pub(crate) fn is_off_at(&self, index: usize, form: Form, noise: Option<f64>) -> bool {
        let off = self.off(form)[index].abs();
        let pure = self.panel.pure_error();
        let expected = match noise {
            Some(noise) => noise,
            None if pure.degrees_of_freedom == 0 => return true,
            None => OFF_SDS * (pure.sum_of_squares / pure.degrees_of_freedom as f64).sqrt(),
        };
        // A law at or below zero has no logarithm.
        off > expected || off.is_nan()
    }

    /// How far each pooled cost is off the law of `form`, as the logarithm of cost over law; NaN where there is no law, or one at or below
    /// zero.
    pub(crate) fn off(&self, form: Form) -> Vec<f64> {
        let costs = self.panel.pooled(None);
        let Some(curve) = self.fit(form) else { return vec![f64::NAN; costs.len()] };
        self.panel.sizes.iter().zip(costs).map(|(&n, cost)| (cost / curve.predict(n)).ln()).collect()
    }

    fn spreads_of_one_round(
        &self,
        form: Form,
        estimates: &[f64],
        refit: impl Fn(Vec<f64>) -> Option<Vec<f64>>,
    ) -> Option<Vec<Spread>> {
        let degrees_of_freedom = self.spare(form);
        let variance = self.misfit_variance(form)?.max(NOISE_FLOOR * NOISE_FLOOR);
        let responses = self.responses(estimates, &vec![1.0; self.x.len()], refit)?;
        let spread = |(&estimate, response): (&f64, f64)| Spread {
            estimate,
            standard_error: (variance * response).sqrt(),
            degrees_of_freedom,
        };
        Some(estimates.iter().zip(responses).map(spread).collect())
    }

    /// The degrees of freedom that a form leaves to the residuals of the pooled costs.
    pub(crate) fn spare(&self, form: Form) -> f64 {
        self.x.len().saturating_sub(form.n_parameters()).max(1) as f64
    }

    /// The variance of relative residuals of the pooled costs around a form.
    pub(crate) fn misfit_variance(&self, form: Form) -> Option<f64> {
        Some(form.fit(&self.points(self.panel.pooled(None)))?.rss / self.spare(form))
    }

    /// The variances of statistics whose values are `estimates`, if each pooled cost has an independent relative error of the variance that
    /// `variances` has for its size.
    pub(crate) fn responses(
        &self,
        estimates: &[f64],
        variances: &[f64],
        refit: impl Fn(Vec<f64>) -> Option<Vec<f64>>,
    ) -> Option<Vec<f64>> {
        if self.x.len() > MAX_SENSITIVITIES {
            let rows = self.random_sensitivities(estimates, variances, refit)?;
            return Some((0..estimates.len()).map(|j| rows.iter().map(|row| row[j] * row[j]).sum()).collect());
        }
        let rows = self.sensitivities(refit)?;
        let of = |j: usize| rows.iter().zip(variances).map(|(row, variance)| variance * row[j] * row[j]).sum();
        Some((0..estimates.len()).map(of).collect())
    }

    /// The same sum of squares from some random directions instead of one per size: enough of a standard error where there
    /// are so many sizes that a fit for each would take minutes.
    fn random_sensitivities(
        &self,
        estimates: &[f64],
        variances: &[f64],
        refit: impl Fn(Vec<f64>) -> Option<Vec<f64>>,
    ) -> Option<Vec<Vec<f64>>> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.x.len() as u64);
        let pooled = self.panel.pooled(None);
        let share = (MAX_SENSITIVITIES as f64).sqrt();
        (0..MAX_SENSITIVITIES)
            .map(|_| {
                let moved =
                    |(y, variance): (&f64, &f64)| y * (1.0 + STEP * variance.sqrt() * standard_normal(&mut rng));
                let moved = pooled.iter().zip(variances).map(moved).collect();
                Some(refit(moved)?.iter().zip(estimates).map(|(m, e)| (m - e) / STEP / share).collect())
            })
            .collect()
    }

    /// The share of the relative variation of the pooled costs that a curve explains.
    pub(crate) fn r_squared(&self, curve: &Curve) -> f64 {
        let points = self.points(self.panel.pooled(None));
        let weight: f64 = self.w.iter().map(|w| w * w).sum();
        let mean = points.y.iter().zip(&self.w).map(|(y, w)| y * w * w).sum::<f64>() / weight;
        let total: f64 = points.y.iter().zip(&self.w).map(|(y, w)| ((y - mean) * w).powi(2)).sum();
        let law = self.panel.sizes.iter().map(|&n| curve.predict(n));
        let rest: f64 = points.y.iter().zip(&self.w).zip(law).map(|((y, w), f)| ((y - f) * w).powi(2)).sum();
        if total > 0.0 && !matches!(curve, Curve::Polynomial { slope: 0.0, curvature: 0.0, .. }) {
            (1.0 - rest / total).max(0.0)
        } else {
            0.0
        }
    }
}
