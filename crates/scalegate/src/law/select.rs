//! Which form the data call for.

use statrs::distribution::{ContinuousCDF, FisherSnedecor};

use super::bootstrap::{self, Alternative, Null};
use super::curve::Curve;
use super::form::{Fitted, Form, POWER_PARAMETERS, Points, power};
use super::panel::PureError;
use super::staircase::{self, JUMP_ON_PARABOLA_PARAMETERS, Stairs, jump_on_parabola};

/// Relative noise below which two costs count as equal. Instruction counts repeat to about 1e-4; without a floor, a
/// residual of 1e-12 would make the fifth parameter significant.
pub(crate) const NOISE_FLOOR: f64 = 1e-4;

/// Lack of fit against the pure error: below this probability the residuals hold structure (the steps of tiles and
/// patches), and the error model is theirs alone; above it both are pooled (Bancroft, Ann. Math. Statist. 15, 1944). It is also at most
/// the share of series without structure that are judged by their few residuals only, which seldom suffice to see a curve.
/// With a higher level, less structure is taken for a curve; `docs/evidence/simulations.md` has both rates.
const LACK_OF_FIT_LEVEL: f64 = 0.01;

/// A constant is left only for a trend that noise doesn't make in a million series: a gate that reads trends into noise
/// is switched off.
const TREND_LEVEL: f64 = 1e-6;
/// A curve without a trend falls and rises again, which costs hardly do: it takes more evidence still.
const CURVE_WITHOUT_TREND_LEVEL: f64 = 1e-8;
/// A trend that the rounds leave no doubt of at that level needs less evidence against what is left of the costs beside it
/// (the steps in which an allocator takes memory), and so does a cost that at least doubles or halves over the sizes: few
/// sizes can't give more.
const CLEAR_TREND_LEVEL: f64 = 1e-2;
const CLEAR_TREND: f64 = 2.0;
/// A cost that changes by less than this over all sizes is constant for all purposes.
const MIN_TREND: f64 = 0.02;

/// A line is left for a curve at this level, and only when the curvature is worth a name.
const CURVATURE_LEVEL: f64 = 1e-2;
const MIN_CURVATURE_SHARE: f64 = 0.01;

/// A knee is called one when the slope above is at most this part of the slope below…
const MAX_SLOPE_RATIO: f64 = 0.6;
/// …when the cost below rises by at least this part…
const MIN_RISE: f64 = 0.1;
/// …and when the law below, carried on, would miss the cost at the largest size by at least this part.
const MIN_BEND: f64 = 0.1;

/// How a form does on the data, in the terms that a choice needs.
#[derive(Debug, Clone, Copy)]
struct Score {
    rss: f64,
    n_parameters: usize,
}

/// The error that residual sums of squares are judged by: noise known from rounds, where it explains the residuals.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ErrorModel {
    pub(crate) pure: PureError,
    /// The pure error, whether it explains the residuals or not.
    rounds: PureError,
    pub(crate) n_sizes: usize,
}

impl ErrorModel {
    fn new(pure: PureError, n_sizes: usize, richest: Score) -> Self {
        let residual_df = n_sizes.saturating_sub(richest.n_parameters);
        let pools = if pure.degrees_of_freedom == 0 {
            false
        } else if residual_df == 0 {
            true
        } else {
            let (df1, df2) = (residual_df as f64, pure.degrees_of_freedom as f64);
            let f = (richest.rss / df1) / (pure.sum_of_squares / df2);
            f_tail(f, df1, df2) > LACK_OF_FIT_LEVEL
        };
        let of_residuals = Self::of_residuals(n_sizes);
        Self { pure: if pools { pure } else { of_residuals.pure }, rounds: pure, ..of_residuals }
    }

    /// What residuals alone say.
    fn of_residuals(n_sizes: usize) -> Self {
        let none = PureError { sum_of_squares: 0.0, degrees_of_freedom: 0 };
        Self { pure: none, rounds: none, n_sizes }
    }

    fn n(&self) -> usize {
        self.n_sizes + self.pure.degrees_of_freedom
    }

    pub(crate) fn total(&self, rss: f64) -> f64 {
        rss + self.pure.sum_of_squares + self.n() as f64 * NOISE_FLOOR * NOISE_FLOOR
    }

    /// Akaike's criterion (IEEE Trans. Automatic Control 19, 1974), with the variance as one more parameter.
    fn aic(&self, score: Score) -> f64 {
        let n = self.n() as f64;
        n * (self.total(score.rss) / n).ln() + 2.0 * (score.n_parameters as f64 + 1.0)
    }

    /// Hurvich and Tsai, Biometrika 76 (1989), eq. 3, with the variance as one more parameter. Infinite when there are too
    /// few points to judge the form; the two simplest forms are always judged.
    fn aicc(&self, score: Score) -> f64 {
        let (n, k) = (self.n() as f64, score.n_parameters as f64 + 1.0);
        let spare = n - k - 1.0;
        if spare < 1.0 && score.n_parameters > 2 {
            return f64::INFINITY;
        }
        n * (self.total(score.rss) / n).ln() + 2.0 * k + 2.0 * k * (k + 1.0) / spare.max(1.0)
    }

    /// The probability that noise alone makes `rich` better than `poor` by as much as it is.
    fn p_value(&self, poor: Score, rich: Score) -> f64 {
        let df1 = rich.n_parameters.saturating_sub(poor.n_parameters) as f64;
        let df2 = self.n().saturating_sub(rich.n_parameters) as f64;
        if df1 == 0.0 || df2 == 0.0 {
            return 1.0;
        }
        let gain = (poor.rss - rich.rss).max(0.0);
        f_tail((gain / df1) / (self.total(rich.rss) / df2), df1, df2)
    }

    /// Whether the differences between rounds alone leave no doubt that `rich` is better than `poor`.
    fn is_beyond_rounds(&self, poor: Score, rich: Score) -> bool {
        let (df1, df2) = ((rich.n_parameters - poor.n_parameters) as f64, self.rounds.degrees_of_freedom as f64);
        let floor = self.n_sizes as f64 * NOISE_FLOOR * NOISE_FLOOR;
        let noise = (self.rounds.sum_of_squares + floor) / df2;
        df2 > 0.0 && f_tail((poor.rss - rich.rss).max(0.0) / df1 / noise, df1, df2) < TREND_LEVEL
    }

    /// Whether a trend (a line, or a concave power law), with the growth from the smallest to the largest size, is evidence
    /// enough that cost isn't constant.
    fn leaves_constant(&self, constant: Score, trend: Score, growth: f64) -> bool {
        let is_large = growth <= CLEAR_TREND.recip() || growth >= CLEAR_TREND;
        let is_clear = is_large || self.is_beyond_rounds(constant, trend);
        let level = if is_clear { CLEAR_TREND_LEVEL } else { TREND_LEVEL };
        (growth - 1.0).abs() > MIN_TREND
            && self.p_value(constant, trend) < level
            && self.aicc(trend) < self.aicc(constant)
    }

    /// The variance of a pooled cost, given the residuals of the best form.
    pub(crate) fn variance(&self, rss: f64, n_parameters: usize) -> f64 {
        self.total(rss) / self.n().saturating_sub(n_parameters).max(1) as f64
    }
}

/// The fits of all forms to the same points.
struct Fits {
    constant: Fitted,
    line: Fitted,
    quadratic: Option<Fitted>,
    linearithmic: Option<Fitted>,
    knees: Vec<(Form, Fitted)>,
}

impl Fits {
    fn new(points: &Points) -> Option<Self> {
        let fitted = |form: Form| form.fit(points).filter(|_| points.len() >= form.n_parameters());
        Some(Self {
            constant: fitted(Form::Constant)?,
            line: fitted(Form::Line)?,
            quadratic: fitted(Form::Quadratic),
            linearithmic: fitted(Form::Linearithmic),
            knees: [Form::Knee, Form::CurvedKnee]
                .into_iter()
                .filter_map(|form| fitted(form).map(|f| (form, f)))
                .filter(|(_, f)| f.curve.curvature_share(points.x_max) >= 0.0)
                .collect(),
        })
    }

    fn error_model(&self, n: usize, pure: PureError) -> Option<ErrorModel> {
        let richest = [(Form::Line, &self.line)]
            .into_iter()
            .chain(self.quadratic.iter().map(|f| (Form::Quadratic, f)))
            .chain(self.knees.iter().map(|(form, f)| (*form, f)))
            .map(|(form, f)| score(form, f))
            .filter(|s| s.n_parameters < n)
            .min_by(|a, b| mean_square(*a, n).total_cmp(&mean_square(*b, n)))?;
        Some(ErrorModel::new(pure, n, richest))
    }

    /// The laws without a knee, concave power laws included, with how they do.
    fn nulls(&self, concave: Option<&(f64, Vec<f64>)>) -> Vec<(Null, Score)> {
        let forms = [(Form::Constant, Some(&self.constant)), (Form::Line, Some(&self.line))]
            .into_iter()
            .chain([(Form::Linearithmic, self.linearithmic.as_ref()), (Form::Quadratic, self.quadratic.as_ref())]);
        let power = concave
            .map(|(rss, costs)| (Null::Power(costs.clone()), Score { rss: *rss, n_parameters: POWER_PARAMETERS }));
        forms.filter_map(|(form, f)| Some(null(form, f?))).chain(power).collect()
    }
}

fn null(form: Form, fitted: &Fitted) -> (Null, Score) {
    (Null::Form(form, fitted.curve.clone()), score(form, fitted))
}

/// The likeliest of some laws.
fn likeliest(nulls: Vec<(Null, Score)>, error_model: &ErrorModel) -> Option<(Null, Score)> {
    nulls.into_iter().min_by(|a, b| error_model.aicc(a.1).total_cmp(&error_model.aicc(b.1)))
}

fn score(form: Form, fitted: &Fitted) -> Score {
    Score { rss: fitted.rss, n_parameters: form.n_parameters() }
}

/// The forms that a law may have, each with its curve and its Akaike weight: how much the points speak for it among them (Burnham and
/// Anderson, *Model Selection and Multimodel Inference*, 2002, §2.9). A knee is one only if it is worth the name.
///
/// It is Akaike's criterion without the correction for few points, which rules a form out that they can't judge: what cannot be judged is
/// not ruled out here, where it is asked which forms may be.
pub(crate) fn weights(points: &Points, pure: PureError) -> Option<Vec<(Form, Curve, f64)>> {
    let fits = Fits::new(points)?;
    let error_model = fits.error_model(points.len(), pure)?;
    let knees = fits.knees.into_iter().filter(|(_, knee)| is_practical(points, knee));
    let forms = [(Form::Constant, Some(fits.constant)), (Form::Line, Some(fits.line))]
        .into_iter()
        .chain([(Form::Linearithmic, fits.linearithmic), (Form::Quadratic, fits.quadratic)])
        .filter_map(|(form, fitted)| Some((form, fitted?)))
        .chain(knees)
        .filter(|(form, _)| form.n_parameters() < points.len());
    let forms: Vec<(Form, Curve, f64)> = forms
        .map(|(form, fitted)| {
            let aic = error_model.aic(score(form, &fitted));
            (form, fitted.curve, aic)
        })
        .collect();
    let best = forms.iter().map(|(.., aic)| *aic).fold(f64::INFINITY, f64::min);
    let likelihood = |aic: f64| (-0.5 * (aic - best)).exp();
    let sum: f64 = forms.iter().map(|(.., aic)| likelihood(*aic)).sum();
    Some(forms.into_iter().map(|(form, curve, aic)| (form, curve, likelihood(aic) / sum)).collect())
}

/// The form that the points call for, with its fit.
pub(crate) fn select(points: &Points, pure: PureError, seed: u64, resamples: usize) -> Option<(Form, Fitted)> {
    let fits = Fits::new(points)?;
    let concave = power(points);
    let steps = staircase(points, &fits, concave.as_ref(), seed, resamples);
    steps.or_else(|| without_steps(points, fits, concave, pure, seed, resamples))
}

/// The best of the forms without steps.
fn without_steps(
    points: &Points,
    fits: Fits,
    concave: Option<(f64, Vec<f64>)>,
    pure: PureError,
    seed: u64,
    resamples: usize,
) -> Option<(Form, Fitted)> {
    let n = points.len();
    let error_model = fits.error_model(n, pure)?;
    let nulls = fits.nulls(concave.as_ref());
    let Fits { constant, line, quadratic, linearithmic, knees } = fits;

    // The smooth classes, each left for the next only with evidence and effect.
    let (line_score, constant_score) = (score(Form::Line, &line), score(Form::Constant, &constant));
    let mut smooth_choice = (Form::Constant, constant);
    let ends = [points.x[0] * points.x_max, points.x_max].map(|n| line.curve.predict(n));
    let trends = [
        Some((line_score, ends[1] / ends[0])),
        concave
            .as_ref()
            .map(|(rss, costs)| (Score { rss: *rss, n_parameters: POWER_PARAMETERS }, costs[n - 1] / costs[0])),
    ];
    if trends.into_iter().flatten().any(|(trend, growth)| error_model.leaves_constant(constant_score, trend, growth)) {
        smooth_choice = (Form::Line, line);
    }
    if let Some(quadratic) = quadratic {
        let quadratic_score = score(Form::Quadratic, &quadratic);
        let reference = if smooth_choice.0 == Form::Constant { constant_score } else { line_score };
        let level = if smooth_choice.0 == Form::Constant { CURVE_WITHOUT_TREND_LEVEL } else { CURVATURE_LEVEL };
        if quadratic.curve.curvature_share(points.x_max) >= MIN_CURVATURE_SHARE
            && error_model.p_value(reference, quadratic_score) < level
            && error_model.aicc(quadratic_score) < error_model.aicc(reference)
        {
            smooth_choice = (Form::Quadratic, quadratic);
            if let Some(linearithmic) = linearithmic
                && error_model.aicc(score(Form::Linearithmic, &linearithmic)) < error_model.aicc(quadratic_score)
            {
                smooth_choice = (Form::Linearithmic, linearithmic);
            }
        }
    }

    // A knee has to beat every smooth form, concave power laws included, not only the chosen one.
    // Like a line, a knee that is straight below is left for a curved one only with evidence.
    let best_knee = knees.into_iter().reduce(|straight, curved| {
        let (poor, rich) = (score(straight.0, &straight.1), score(curved.0, &curved.1));
        let curves =
            error_model.p_value(poor, rich) < CURVATURE_LEVEL && error_model.aicc(rich) < error_model.aicc(poor);
        if curves { curved } else { straight }
    });
    if let Some((form, knee)) = best_knee
        && is_practical(points, &knee)
    {
        let null = likeliest(nulls, &error_model)?;
        let alternative = Alternative { rss: knee.rss, fit: |drawn: &Points| form.rss(drawn) };
        if error_model.aicc(score(form, &knee)) < error_model.aicc(null.1)
            && bootstrap::rejects(points, (&null.0, null.1.rss), &alternative, &error_model, seed, resamples)
        {
            return Some((form, knee));
        }
    }
    Some(smooth_choice)
}

/// A step is one more than there are if noise makes the best one more with this probability at most, wherever it may be.
const STEP_LEVEL: f64 = 0.01;

/// A staircase, if the points reject every other law for it: knees, concave power laws, and a single jump on a line or a parabola.
///
/// It is judged by how far sizes lie off their treads, whatever the rounds say: they tell how noisy a size is, and not that sizes lie on
/// treads. Costs that are off a line, each its own way and by more than their rounds, would else be a staircase that follows them.
fn staircase(
    points: &Points,
    fits: &Fits,
    concave: Option<&(f64, Vec<f64>)>,
    seed: u64,
    resamples: usize,
) -> Option<(Form, Fitted)> {
    if staircase::max_steps(points.len()) < staircase::MIN_STEPS {
        return None;
    }
    let error_model = ErrorModel::of_residuals(points.len());
    let mut nulls = fits.nulls(concave);
    nulls.extend(fits.knees.iter().map(|(form, knee)| null(*form, knee)));
    nulls.extend(stairs_of(points, 1).iter().map(|(jump, fitted)| null(Form::Staircase(*jump), fitted)));
    nulls.extend(
        jump_on_parabola(points).map(|(rss, costs)| {
            (Null::JumpOnParabola(costs), Score { rss, n_parameters: JUMP_ON_PARABOLA_PARAMETERS })
        }),
    );
    let null = likeliest(nulls, &error_model)?;
    let (stairs, fitted) = best_stairs(points, &error_model, error_model.aicc(null.1))?;
    let alternative = Alternative { rss: fitted.rss, fit: |drawn: &Points| Form::Staircase(stairs).rss(drawn) };
    let sums = ((null.1.rss, null.1.n_parameters), (fitted.rss, stairs.n_steps()));
    let is_staircase = bootstrap::is_beyond_all_places(points.len(), sums.0, sums.1, &error_model)
        || bootstrap::rejects(points, (&null.0, null.1.rss), &alternative, &error_model, seed, resamples);
    is_staircase.then_some((Form::Staircase(stairs), fitted))
}

/// The forms with so many steps where the points have them best, fitted.
fn stairs_of(points: &Points, n_steps: usize) -> Vec<(Stairs, Fitted)> {
    let variants = staircase::search(points, n_steps).into_iter().flatten();
    variants.filter_map(|stairs| stairs.fit(points).map(|fitted| (stairs, fitted))).collect()
}

/// The staircase with the least of Akaike's criterion, if that is below `bound`, without the steps that noise may have made; `None` if a
/// single one is left.
fn best_stairs(points: &Points, error_model: &ErrorModel, bound: f64) -> Option<(Stairs, Fitted)> {
    let by_steps: Vec<Vec<(Stairs, Fitted)>> =
        (1..=staircase::max_steps(points.len())).map(|n_steps| stairs_of(points, n_steps)).collect();
    let score = |(stairs, fitted): &(Stairs, Fitted)| score(Form::Staircase(*stairs), fitted);
    let practical = by_steps.iter().flatten().filter(|(stairs, fitted)| stairs.is_practical(points, fitted));
    let mut best = practical
        .map(|its| (error_model.aicc(score(its)), its))
        .filter(|(aicc, _)| *aicc < bound)
        .min_by(|a, b| a.0.total_cmp(&b.0))?
        .1;
    // One step fewer, as long as that may be all there are (Bai and Perron, Econometrica 66, 1998, the other way round: on the way up, the
    // first of several equal steps gains little).
    while let Some(fewer) = by_steps.iter().flatten().find(|(stairs, _)| stairs.is_one_step_fewer(best.0)) {
        let (poor, rich) = (score(fewer), score(best));
        let spare = points.len().saturating_sub(rich.n_parameters).max(1) as f64;
        let gain = (poor.rss - rich.rss) / (error_model.total(rich.rss) / spare);
        let is_staircase = fewer.0.n_steps() >= staircase::MIN_STEPS;
        if points.len() as f64 * f_tail(gain, 1.0, spare) < STEP_LEVEL
            || is_staircase && !fewer.0.is_practical(points, &fewer.1)
        {
            break;
        }
        best = fewer;
    }
    (best.0.n_steps() >= staircase::MIN_STEPS).then(|| best.clone())
}

fn mean_square(score: Score, n: usize) -> f64 {
    score.rss / (n - score.n_parameters) as f64
}

fn is_practical(points: &Points, knee: &Fitted) -> bool {
    let Curve::Knee { intercept, slope, curvature, breakpoint, slope_above } = knee.curve else {
        return false;
    };
    let below = knee.curve.slope_below().unwrap_or(0.0);
    let level = knee.curve.predict(breakpoint);
    let first = knee.curve.predict(points.x[0] * points.x_max);
    let last = knee.curve.predict(points.x_max);
    let carried_on = intercept + points.x_max * (slope + points.x_max * curvature);
    first > 0.0
        && below > 0.0
        && slope_above <= MAX_SLOPE_RATIO * below
        && level >= (1.0 + MIN_RISE) * first
        && carried_on >= (1.0 + MIN_BEND) * last
}

/// P(F > f).
pub(crate) fn f_tail(f: f64, df1: f64, df2: f64) -> f64 {
    if f.is_nan() || f <= 0.0 {
        return 1.0;
    }
    if f.is_infinite() {
        return 0.0;
    }
    FisherSnedecor::new(df1, df2).map_or(1.0, |d| d.sf(f))
}
