//! The forms a law can take, and the weighted least squares fit of each.

use super::curve::{Class, Curve, n_ln_n};
use super::incremental_qr::{IncrementalQr, coefficients};
use super::knee::{self, ROUGH, golden};
use super::staircase::{self, Stairs};

/// Pooled costs at ascending sizes, in units in which the largest size is 1.
///
/// Errors are multiplicative, so that a residual counts relative to the cost: the weight of a point is one over a
/// cost. Not over the observed one, which would favour the points that came out low (the fit would sink by twice the
/// variance), but over that of a first, flexible fit, see [`relative_weights`].
#[derive(Debug, Clone)]
pub(crate) struct Points<'a> {
    /// Sizes over the largest size.
    pub(crate) x: &'a [f64],
    /// The largest size, in the user's unit.
    pub(crate) x_max: f64,
    pub(crate) y: Vec<f64>,
    /// Square roots of the weights: residuals times these are relative.
    pub(crate) w: &'a [f64],
}

impl Points<'_> {
    pub(crate) fn len(&self) -> usize {
        self.x.len()
    }

    /// The coefficients of the functions of size that `row` gives, with the residual sum of squares.
    pub(crate) fn coefficients<const P: usize>(&self, row: impl Fn(f64) -> [f64; P]) -> Option<([f64; P], f64)> {
        coefficients(self.x.iter().zip(self.w).zip(&self.y).map(|((&x, &w), &y)| (row(x).map(|v| v * w), y * w)))
    }
}

/// A law without its numbers. Finer than [`Class`]: a knee may be straight or curved below its breakpoint, and a staircase has its steps
/// between certain sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Constant,
    Line,
    Linearithmic,
    Quadratic,
    Knee,
    CurvedKnee,
    Staircase(Stairs),
}

/// A form fitted to points: costs relative to the scale of the panel, sizes in the user's unit.
#[derive(Debug, Clone)]
pub(crate) struct Fitted {
    pub(crate) curve: Curve,
    pub(crate) rss: f64,
}

impl Form {
    pub(crate) fn class(self) -> Class {
        match self {
            Self::Constant => Class::Constant,
            Self::Line => Class::Linear,
            Self::Linearithmic => Class::Linearithmic,
            Self::Quadratic => Class::Quadratic,
            Self::Knee | Self::CurvedKnee => Class::Knee,
            Self::Staircase(_) => Class::Staircase,
        }
    }

    /// The number of fitted values, the breakpoint and the places of steps included.
    pub(crate) fn n_parameters(self) -> usize {
        match self {
            Self::Constant => 1,
            Self::Line | Self::Linearithmic => 2,
            Self::Quadratic => 3,
            Self::Knee => 4,
            Self::CurvedKnee => 5,
            Self::Staircase(stairs) => stairs.n_parameters(),
        }
    }

    /// `None` when the points are too few for the form.
    pub(crate) fn fit(self, points: &Points) -> Option<Fitted> {
        // Columns of zeros are left out.
        let polynomial = |degree: usize| {
            let row = |x: f64| [1.0, if degree > 0 { x } else { 0.0 }, if degree > 1 { x.powi(2) } else { 0.0 }];
            let ([intercept, slope, curvature], rss) = points.coefficients(row)?;
            let curve = Curve::Polynomial { intercept, slope, curvature };
            Some(Fitted { curve: curve.in_units(points.x_max, 1.0), rss })
        };
        match self {
            Self::Constant => polynomial(0),
            Self::Line => polynomial(1),
            Self::Quadratic => polynomial(2),
            Self::Linearithmic => {
                let row = |x: f64| [1.0, n_ln_n(x * points.x_max) / points.x_max];
                let ([intercept, slope], rss) = points.coefficients(row)?;
                let curve = Curve::Linearithmic { intercept, slope };
                Some(Fitted { curve: curve.in_units(points.x_max, 1.0), rss })
            }
            Self::Knee => {
                let (curve, rss) = knee::law::<2>(points, &knee::search::<2>(points, knee::EXACT)?)?;
                Some(Fitted { curve, rss })
            }
            Self::CurvedKnee => {
                let (curve, rss) = knee::law::<3>(points, &knee::search::<3>(points, knee::EXACT)?)?;
                Some(Fitted { curve, rss })
            }
            Self::Staircase(stairs) => stairs.fit(points),
        }
    }

    /// The residual sum of squares alone, to 1e-9 or better, which is all that a simulation needs; of as many steps wherever the points have
    /// them best.
    pub(crate) fn rss(self, points: &Points) -> Option<f64> {
        match self {
            Self::Knee => knee::search::<2>(points, knee::ROUGH).map(|found| found.rss),
            Self::CurvedKnee => knee::search::<3>(points, knee::ROUGH).map(|found| found.rss),
            Self::Staircase(stairs) => staircase::least_rss(points, stairs),
            _ => self.fit(points).map(|fitted| fitted.rss),
        }
    }
}

/// Square roots of the weights that make residuals relative: one over the costs of a flexible first fit, which follows any
/// of the laws; one over the costs themselves when there are too few points for it or it isn't positive throughout.
///
/// All forms are fitted with the same weights, so that their residual sums of squares compare.
pub(crate) fn relative_weights(x: &[f64], y: &[f64]) -> Vec<f64> {
    let first: Vec<f64> = y.iter().map(|y| y.recip()).collect();
    let points = Points { x, x_max: 1.0, y: y.to_vec(), w: &first };
    let flexible = match x.len() {
        0..5 => None,
        5..8 => Form::Quadratic.fit(&points),
        _ => Form::CurvedKnee.fit(&points),
    };
    let fitted: Vec<f64> = flexible.iter().flat_map(|f| x.iter().map(|&x| f.curve.predict(x))).collect();
    // A fit that is off by this factor anywhere doesn't follow the points, and says nothing about their size.
    let follows = |(fit, y): (&f64, &f64)| *fit > 0.5 * y && *fit < 2.0 * y;
    if !fitted.is_empty() && fitted.iter().zip(y).all(follows) {
        fitted.iter().map(|f| f.recip()).collect()
    } else {
        first
    }
}

/// The exponents tried: from a square root of a hyperbola (saturating early) over the logarithm (0) to a line (1).
const EXPONENTS: (f64, f64) = (-2.0, 1.0);
const EXPONENT_STEPS: usize = 12;

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
        let mut qr = IncrementalQr::<f64, 2>::new();
        for ((&log, &w), &y) in logs.iter().zip(points.w).zip(&points.y) {
            qr.push([w, w * basis(log, exponent)], y * w);
        }
        qr
    };
    let (from, to) = EXPONENTS;
    let exponent = |i: usize| from + (to - from) * i as f64 / EXPONENT_STEPS as f64;
    let best = (0..=EXPONENT_STEPS).map(|i| (i, at(exponent(i)).rss)).min_by(|a, b| a.1.total_cmp(&b.1))?.0;
    let bracket = (exponent(best.saturating_sub(1)), exponent((best + 1).min(EXPONENT_STEPS)));
    let exponent = golden(bracket.0, bracket.1, ROUGH, |e| at(e).rss);
    let qr = at(exponent);
    let [a, b] = qr.solve();
    let fitted = logs.iter().map(|&log| a + b * basis(log, exponent)).collect();
    qr.rss.is_finite().then_some((qr.rss, fitted))
}

/// `(n^γ − 1)/γ`, which has the logarithm as its limit at γ = 0 (Box and Cox, JRSS B 26, 1964).
fn basis(log: f64, exponent: f64) -> f64 {
    if exponent.abs() < 1e-6 { log } else { (exponent * log).exp_m1() / exponent }
}
