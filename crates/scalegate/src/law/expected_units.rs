//! Whether costs are those of the units that the inputs should have become, as the image tokens of an encoder.
//!
//! In: observations by size, and for each size a number of units that something else than the measured program expects. Out: for
//! each size how much more it costs than that number allows, and the number that its cost stands for.
//!
//! Sizes of equally many units have to cost the same, and cost has to be a function `a + b·u + c·u²` of the units u with no negative
//! part: a fixed cost, one for each unit, and one for each pair of them, as of attention. The function is fitted to the sizes that agree on
//! one: of the functions through one, two or three sizes the one with the least truncated square loss over all sizes (Torr and Zisserman,
//! *MLESAC*, Computer Vision and Image Understanding 78, 2000, where it is called MSAC; all subsets instead of random ones, so that the
//! result is one), then least squares over the sizes within the tolerance of it. Sizes that disagree have no part in what they are compared with.

use super::interval::t_quantile;
use super::{Interval, Observations};

/// How much more than its units allow a size may cost, relative. Kernels work on whole panels and blocks, so that encoders lie some percent
/// off any smooth function of their units; and one tile more among six, the finest mistake of a processor of tiles that is worth a name, is a
/// sixth.
pub const UNIT_TOLERANCE: f64 = 0.15;

/// Where the loss of a size is truncated, as a logarithm: what an encoder is off a smooth function. At the tolerance, a parabola would do that is
/// off everywhere and goes through the sizes that are wrong.
const CLOSE: f64 = 0.05;

/// What a size counts that is cheaper than a function has it, where one that is dearer counts 1: a mistake makes sizes dearer, so that of two
/// functions with as many exceptions the lower one is right.
const CHEAP: f64 = 2.0;

/// The rate of false alarms over all sizes of a series, where no gate says another one.
pub const UNIT_ALARM: f64 = 0.001;

/// The rate at which a size passes although it costs more.
const MISS: f64 = 0.01;

/// Sizes that functions are put through: more of them, evenly spread, would find no other function.
const MAX_PICKS: usize = 24;

/// Sizes that agree at the least, and degrees of freedom that they leave.
const MIN_AGREEING: usize = 4;
const MIN_FREEDOM: usize = 2;

/// How far beyond the units of those that agree the function is trusted: if they have three numbers of units, which show its curvature,
/// and if they have two.
const REACH: f64 = 2.0;
const REACH_OF_TWO: f64 = 1.25;

/// The parts that a function may have: of u⁰, u¹ and u².
const PARTS: [&[usize]; 7] = [&[0], &[1], &[2], &[0, 1], &[0, 2], &[1, 2], &[0, 1, 2]];

/// What the costs of a series say of the units that were expected.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitLaw {
    /// By size, ascending.
    pub sizes: Vec<UnitCost>,
}

/// One size beside the units that it should have become.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UnitCost {
    /// The size.
    pub size: f64,
    /// The units that were expected.
    pub expected: f64,
    /// The units that its cost stands for; `None` if cost doesn't grow with units, or nothing is known there.
    pub equivalent: Option<f64>,
    /// How much more it costs than its units allow, relative, with an interval at the rate of false alarms.
    pub excess: Interval,
    /// What that comes to.
    pub standing: Standing,
}

/// What is known of the cost of a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is shown to cost no more than its units allow.
    Within,
    /// It is shown to cost more, by more than the tolerance.
    Above,
    /// Neither is shown.
    Unclear,
}

/// Why nothing can be said of any size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoUnitLaw {
    /// There are too few sizes of which the units are known.
    Sizes,
    /// A cost is zero.
    Zero,
    /// No function of the units is that of half of the sizes.
    Disagreement,
}

impl UnitLaw {
    /// The size that costs the most beyond what its units allow, of those that are shown to; and how many these are.
    pub fn worst(&self) -> Option<(&UnitCost, usize)> {
        let above = || self.sizes.iter().filter(|its| its.standing == Standing::Above);
        let worst = above().max_by(|a, b| a.excess.estimate.total_cmp(&b.excess.estimate))?;
        Some((worst, above().count()))
    }
}

/// A size with its units and its costs.
#[derive(Debug, Clone, Copy)]
struct Point {
    size: f64,
    units: f64,
    /// The mean logarithm of cost over the rounds, and its standard error over them; 0 with one round.
    log: f64,
    error: f64,
}

/// `a + b·u + c·u²`, with u in units of the largest.
#[derive(Debug, Clone, Copy)]
struct Function {
    coefficients: [f64; 3],
    scale: f64,
}

impl Function {
    fn at(&self, units: f64) -> f64 {
        let u = units / self.scale;
        self.coefficients[0] + u * (self.coefficients[1] + u * self.coefficients[2])
    }

    /// The logarithm of cost over this.
    fn residual(&self, point: &Point) -> f64 {
        point.log - self.at(point.units).ln()
    }

    /// The units of a cost at or above that of `least` units.
    fn inverse(&self, cost: f64, least: f64) -> Option<f64> {
        let [a, b, c] = self.coefficients;
        let above = cost - a;
        let u = if c > 0.0 { (-b + (b * b + 4.0 * c * above.max(0.0)).sqrt()) / (2.0 * c) } else { above / b };
        Some((u * self.scale).max(least)).filter(|units| units.is_finite() && (b > 0.0 || c > 0.0))
    }
}

/// A function that was fitted, and what its predictions vary by.
struct Fitted {
    function: Function,
    parts: &'static [usize],
    /// The inverse of the normal equations' matrix.
    covariance: [[f64; 3]; 3],
    /// The sum of squared relative residuals.
    loss: f64,
}

/// Judges the costs of `observations` by `units`, which has a number for each size or `None`, with a rate of false alarms of `alarm` over
/// all sizes.
///
/// # Errors
/// What leaves nothing to say.
pub fn judge_units(
    observations: &Observations,
    units: impl Fn(f64) -> Option<f64>,
    alarm: f64,
) -> Result<UnitLaw, NoUnitLaw> {
    let points = points(observations, units)?;
    if points.len() < MIN_AGREEING {
        return Err(NoUnitLaw::Sizes);
    }
    let (fitted, agreeing) = consensus(&points).ok_or(NoUnitLaw::Disagreement)?;
    let freedom = (agreeing.len() - fitted.parts.len()) as f64;
    let squares: f64 = agreeing.iter().map(|point| fitted.function.residual(point).powi(2)).sum();
    let scatter = (squares / freedom).sqrt();
    let numbers = distinct_units(&agreeing);
    let (least, most) = (numbers[0], numbers[numbers.len() - 1]);
    let reach = match numbers.len() {
        1 => 1.0,
        2 => REACH_OF_TWO,
        _ => REACH,
    };
    let tolerance = UNIT_TOLERANCE.ln_1p();
    let of_alarm = t_quantile(1.0 - 2.0 * alarm / points.len() as f64, freedom);
    let of_pass = t_quantile(1.0 - 2.0 * MISS, freedom);
    let judged = |point: &Point| {
        let log = fitted.function.residual(point);
        // Of what agrees and of what is predicted alike.
        let error = (scatter * (1.0 + leverage(&fitted, point.units)).sqrt()).max(point.error);
        let is_known = (least / reach..=most * reach).contains(&point.units);
        let standing = if is_known && log - of_alarm * error > tolerance {
            Standing::Above
        } else if is_known && log + of_pass * error <= tolerance {
            Standing::Within
        } else {
            Standing::Unclear
        };
        let [estimate, lower, upper] =
            [log, log - of_alarm * error, log + of_alarm * error].map(|log| log.exp_m1().clamp(-1.0, 1e300));
        let equivalent = fitted.function.inverse(point.log.exp(), 0.0).filter(|_| is_known);
        let excess = Interval { estimate, lower, upper };
        UnitCost { size: point.size, expected: point.units, equivalent, excess, standing }
    };
    Ok(UnitLaw { sizes: points.iter().map(judged).collect() })
}

/// The sizes whose units are known.
fn points(observations: &Observations, units: impl Fn(f64) -> Option<f64>) -> Result<Vec<Point>, NoUnitLaw> {
    let rounds = observations.n_rounds();
    let mut logs: Vec<Vec<f64>> = vec![Vec::new(); observations.sizes().len()];
    for round in 0..rounds {
        let row = observations.round(round);
        if row.iter().flatten().any(|cost| *cost <= 0.0) {
            return Err(NoUnitLaw::Zero);
        }
        for (logs, cost) in logs.iter_mut().zip(row) {
            logs.extend(cost.map(f64::ln));
        }
    }
    let mean = |logs: &[f64]| logs.iter().sum::<f64>() / logs.len() as f64;
    let squares = |logs: &[f64]| logs.iter().map(|log| (log - mean(logs)).powi(2)).sum::<f64>();
    let freedom: usize = logs.iter().map(|logs| logs.len().saturating_sub(1)).sum();
    let pooled = logs.iter().map(|logs| squares(logs)).sum::<f64>() / freedom.max(1) as f64;
    let point = |(&size, logs): (&f64, &Vec<f64>)| {
        let units = units(size).filter(|units| *units > 0.0 && units.is_finite())?;
        let own = squares(logs) / (logs.len().saturating_sub(1)).max(1) as f64;
        // A size that another process disturbed knows less than the others.
        let error = (own.max(pooled) / logs.len() as f64).sqrt();
        (!logs.is_empty()).then(|| Point { size, units, log: mean(logs), error })
    };
    Ok(observations.sizes().iter().zip(&logs).filter_map(point).collect())
}

/// The function that most sizes agree on, and these; `None` if they are not half of all, or too few.
fn consensus(points: &[Point]) -> Option<(Fitted, Vec<Point>)> {
    let tolerance = UNIT_TOLERANCE.ln_1p();
    let of_residual = |off: f64| off.powi(2).min(if off > 0.0 { 1.0 } else { CHEAP });
    let loss =
        |function: &Function| -> f64 { points.iter().map(|point| of_residual(function.residual(point) / CLOSE)).sum() };
    let agreeing = |function: &Function| -> Vec<Point> {
        points.iter().filter(|point| function.residual(point).abs() <= tolerance).copied().collect()
    };
    let stride = points.len().div_ceil(MAX_PICKS);
    let picks: Vec<Point> = points.iter().copied().step_by(stride).collect();
    let mut best: Option<(f64, Function)> = None;
    for parts in PARTS {
        for chosen in subsets(&picks, parts.len()) {
            let Some(fitted) = fitted(&chosen, parts) else { continue };
            // A function with more parts has to be better, and not just as good.
            let its = loss(&fitted.function);
            if best.is_none_or(|(least, _)| its < least - 1e-9) {
                best = Some((its, fitted.function));
            }
        }
    }
    let mut members = agreeing(&best?.1);
    for _ in 0..MAX_PICKS {
        let fitted = fit(&members)?;
        let next = agreeing(&fitted.function);
        let is_settled = next.iter().map(|point| point.size).eq(members.iter().map(|point| point.size));
        if is_settled {
            let is_enough = members.len() >= MIN_AGREEING && 2 * members.len() >= points.len();
            return is_enough.then_some((fitted, members));
        }
        members = next;
    }
    None
}

/// All choices of `count` of the points, which is one to three.
fn subsets(points: &[Point], count: usize) -> Vec<Vec<Point>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let with_first = |(index, first): (usize, &Point)| {
        let rest = subsets(&points[index + 1..], count - 1);
        rest.into_iter().map(|rest| std::iter::once(*first).chain(rest).collect()).collect::<Vec<_>>()
    };
    points.iter().enumerate().flat_map(with_first).collect()
}

/// The best function without a negative part, which leaves degrees of freedom.
fn fit(points: &[Point]) -> Option<Fitted> {
    let numbers = distinct_units(points).len();
    let may_be = |parts: &&&[usize]| parts.len() <= numbers && parts.len() + MIN_FREEDOM <= points.len();
    let all = PARTS.iter().filter(may_be).filter_map(|parts| fitted(points, parts));
    all.min_by(|a, b| a.loss.total_cmp(&b.loss))
}

fn distinct_units(points: &[Point]) -> Vec<f64> {
    let mut numbers: Vec<f64> = points.iter().map(|point| point.units).collect();
    numbers.sort_by(f64::total_cmp);
    numbers.dedup();
    numbers
}

/// Least squares of relative residuals with these parts; `None` if they can't be told from each other, or one is negative.
fn fitted(points: &[Point], parts: &'static [usize]) -> Option<Fitted> {
    let scale = points.iter().map(|point| point.units).fold(0.0, f64::max);
    let row = |point: &Point| {
        let weight = (-point.log).exp();
        parts.iter().map(|part| (point.units / scale).powi(*part as i32) * weight).collect::<Vec<f64>>()
    };
    let n = parts.len();
    // The normal equations with the identity beside them: three columns between 0 and 1 leave digits enough.
    let mut matrix = vec![vec![0.0; 2 * n + 1]; n];
    for point in points {
        let row = row(point);
        for (own, x) in matrix.iter_mut().zip(&row) {
            for (product, y) in own.iter_mut().zip(row.iter().chain(&[1.0])) {
                *product += x * y;
            }
        }
    }
    for (i, row) in matrix.iter_mut().enumerate() {
        row[n + 1 + i] = 1.0;
    }
    for i in 0..n {
        let length = matrix[i][i];
        let before: f64 = points.iter().map(|point| row(point)[i].powi(2)).sum();
        if length.is_nan() || length <= 1e-10 * before {
            return None;
        }
        let pivot: Vec<f64> = matrix[i].iter().map(|value| value / length).collect();
        for (j, row) in matrix.iter_mut().enumerate() {
            let factor = row[i];
            for (value, pivot) in row.iter_mut().zip(&pivot) {
                *value = if i == j { *pivot } else { *value - factor * pivot };
            }
        }
    }
    let (mut coefficients, mut covariance) = ([0.0; 3], [[0.0; 3]; 3]);
    for (i, part) in parts.iter().enumerate() {
        coefficients[*part] = matrix[i][n];
        for (j, other) in parts.iter().enumerate() {
            covariance[*part][*other] = matrix[i][n + 1 + j];
        }
    }
    let function = Function { coefficients, scale };
    let loss = points.iter().map(|point| (function.at(point.units) * (-point.log).exp() - 1.0).powi(2)).sum();
    let is_sound = coefficients.iter().all(|c| c.is_finite() && *c >= 0.0) && coefficients.iter().any(|c| *c > 0.0);
    is_sound.then_some(Fitted { function, parts, covariance, loss })
}

/// The variance of the prediction at a number of units, relative to it, for noise of variance 1.
fn leverage(fitted: &Fitted, units: f64) -> f64 {
    let u = units / fitted.function.scale;
    let row = [1.0, u, u * u];
    let at = fitted.function.at(units);
    let product = |i: usize| (0..3).map(|j| fitted.covariance[i][j] * row[j]).sum::<f64>();
    (0..3).map(|i| row[i] * product(i)).sum::<f64>() / (at * at)
}

#[cfg(test)]
mod tests;
