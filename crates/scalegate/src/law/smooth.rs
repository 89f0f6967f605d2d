//! Smooth concave growth: what a knee has to be told apart from.

use super::knee::{ROUGH, golden};
use super::points::Points;
use super::triangle::Triangle;

/// The exponents tried: from a square root of a hyperbola (saturating early) over the logarithm (0) to a line (1).
const EXPONENTS: (f64, f64) = (-2.0, 1.0);
const STEPS: usize = 12;

/// The number of fitted values of a power law: intercept, factor and exponent.
pub(crate) const POWER_PARAMETERS: usize = 3;

/// The least residual sum of squares of `a + b·n^γ` over γ, with the fitted costs.
///
/// A power law is not a class: it stands for everything concave that has no breakpoint.
pub(crate) fn power(points: &Points) -> Option<(f64, Vec<f64>)> {
    if points.len() <= POWER_PARAMETERS {
        return None;
    }
    let logs: Vec<f64> = points.x.iter().map(|x| x.ln()).collect();
    let at = |exponent: f64| {
        let mut triangle = Triangle::<2>::new();
        for ((&log, &w), &y) in logs.iter().zip(points.w).zip(&points.y) {
            triangle.push([w, w * basis(log, exponent)], y * w);
        }
        triangle
    };
    let (from, to) = EXPONENTS;
    let exponent = |i: usize| from + (to - from) * i as f64 / STEPS as f64;
    let best = (0..=STEPS).map(|i| (i, at(exponent(i)).rss)).min_by(|a, b| a.1.total_cmp(&b.1))?.0;
    let bracket = (exponent(best.saturating_sub(1)), exponent((best + 1).min(STEPS)));
    let exponent = golden(bracket.0, bracket.1, ROUGH, |e| at(e).rss);
    let triangle = at(exponent);
    let [a, b] = triangle.solve();
    let fitted = logs.iter().map(|&log| a + b * basis(log, exponent)).collect();
    triangle.rss.is_finite().then_some((triangle.rss, fitted))
}

/// `(n^γ − 1)/γ`, which has the logarithm as its limit at γ = 0 (Box and Cox, JRSS B 26, 1964).
fn basis(log: f64, exponent: f64) -> f64 {
    if exponent.abs() < 1e-6 { log } else { (exponent * log).exp_m1() / exponent }
}
