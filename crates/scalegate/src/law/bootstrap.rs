//! Does the law have a knee, or steps, at all: a bootstrap of the likelihood ratio.
//!
//! Under a law without a knee the breakpoint is not defined, so that the F statistic of the best breakpoint has no F
//! distribution; nor are the places of steps without a staircase (Davies, *Hypothesis testing when a nuisance parameter is present only under the alternative*, Biometrika
//! 74, 1987). Its distribution is simulated: costs are drawn from the best law without a knee, with the noise seen, and the
//! same search is made on them (Hansen, *Inference when a nuisance parameter is not identified under the null hypothesis*,
//! Econometrica 64, 1996).

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::curve::Curve;
use super::form::{Form, POWER_PARAMETERS, Points, power};
use super::random::{chi_squared, standard_normal};
use super::select::{ErrorModel, f_tail};
use super::staircase::{JUMP_ON_PARABOLA_PARAMETERS, jump_on_parabola};

/// The size of the test. Half of the hundredth that a knee on a line may cost; the practical conditions lower the rate
/// further: of 10,000 lines each, at noises of 5 and 10 %, in one and in 8 rounds, at most 12 got a knee.
pub(crate) const LEVEL: f64 = 0.005;

/// A bound on the probability this far below the level settles the test.
const CLEAR: f64 = 0.1;

/// With many sizes fewer series are drawn, so that a test takes no more than about this many points…
const MAX_POINTS: usize = 400_000;
/// …but never fewer than the level needs.
const MIN_RESAMPLES: usize = 199;

/// A law that has to be rejected: the one without a knee, or without steps, that explains the data best.
#[derive(Debug, Clone)]
pub(crate) enum Null {
    Form(Form, Curve),
    /// A power law, by its costs at the sizes.
    Power(Vec<f64>),
    /// A parabola with a jump where that is best, by its costs at the sizes.
    JumpOnParabola(Vec<f64>),
}

/// What stands for a null: the best knee, or the best staircase of so many steps, as it is fitted to the data and to each simulated
/// series.
pub(crate) struct Alternative<F> {
    pub(crate) rss: f64,
    pub(crate) fit: F,
}

/// Whether the data reject `null`, which leaves a residual sum of squares of `null_rss`, in favour of `alternative`.
pub(crate) fn rejects(
    points: &Points,
    (null, null_rss): (&Null, f64),
    alternative: &Alternative<impl Fn(&Points) -> Option<f64>>,
    error_model: &ErrorModel,
    seed: u64,
    resamples: usize,
) -> bool {
    let statistic = |null_rss: f64, rss: f64, pure: f64| (null_rss - rss) / (rss + pure);
    let floor = error_model.total(0.0);
    let seen = statistic(null_rss, alternative.rss, floor);
    let (costs, n_parameters) = match null {
        Null::Form(form, curve) => {
            (points.x.iter().map(|x| curve.predict(x * points.x_max)).collect(), form.n_parameters())
        }
        Null::Power(costs) => (costs.clone(), POWER_PARAMETERS),
        Null::JumpOnParabola(costs) => (costs.clone(), JUMP_ON_PARABOLA_PARAMETERS),
    };
    let costs: Vec<f64> = costs;
    let sd = error_model.variance(null_rss, n_parameters).sqrt();
    let df = error_model.pure.degrees_of_freedom as f64;
    // No law gains more than a law that is free at every size, whose gain over the noise has an F
    // distribution. Where even that bound is small, nothing needs to be simulated.
    let free = points.len().saturating_sub(n_parameters) as f64;
    if df > 0.0 && f_tail(seen * df / free, free, df) < CLEAR * LEVEL {
        return true;
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut drawn = Points { x: points.x, x_max: points.x_max, y: vec![0.0; points.len()], w: points.w };
    // Once this many samples reach the statistic the test can't reject any more (Besag and Clifford, Biometrika 78, 1991).
    let resamples = resamples.min((MAX_POINTS / points.len()).max(MIN_RESAMPLES));
    let allowed = (LEVEL * (resamples + 1) as f64) as usize;
    let mut reached = 1;
    for _ in 0..resamples {
        for ((y, cost), w) in drawn.y.iter_mut().zip(&costs).zip(points.w) {
            *y = cost + sd * standard_normal(&mut rng) / w;
        }
        let pure = if df > 0.0 { sd * sd * chi_squared(df, &mut rng) } else { 0.0 };
        let null_rss = match null {
            Null::Form(form, _) => form.rss(&drawn),
            Null::Power(_) => power(&drawn).map(|(rss, _)| rss),
            Null::JumpOnParabola(_) => jump_on_parabola(&drawn).map(|(rss, _)| rss),
        };
        let (Some(null_rss), Some(rss)) = (null_rss, (alternative.fit)(&drawn)) else { return false };
        let floor = floor - error_model.pure.sum_of_squares;
        if statistic(null_rss, rss, pure + floor) >= seen {
            reached += 1;
            if reached > allowed {
                return false;
            }
        }
    }
    reached <= allowed
}

/// Whether a staircase of `n_steps` steps beats a law of so many parameters by so much that nothing needs to be simulated.
///
/// With its steps at certain places, a staircase gains no more than the law and the staircase together, whose gain has an F
/// distribution; wherever the steps are, the probability is at most the sum over all places (Bonferroni).
pub(crate) fn is_beyond_all_places(
    n_sizes: usize,
    (null_rss, n_parameters): (f64, usize),
    (rss, n_steps): (f64, usize),
    error_model: &ErrorModel,
) -> bool {
    let added = n_steps + 1;
    let Some(spare) = n_sizes.checked_sub(n_parameters + added).filter(|spare| *spare > 0) else { return false };
    let (added, spare) = (added as f64, spare as f64);
    let gain = (null_rss - rss) / error_model.total(rss);
    let log_of_places: f64 = (0..n_steps).map(|i| ((n_sizes - 1 - i) as f64 / (i + 1) as f64).ln()).sum();
    f_tail(gain * spare / added, added, spare).ln() + log_of_places < (CLEAR * LEVEL).ln()
}
