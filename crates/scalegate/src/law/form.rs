//! The forms a law can take, and the weighted least squares fit of each.

use super::curve::{Curve, n_ln_n};
use super::ols::coefficients;
use super::points::Points;
use super::{Class, knee};

/// A law without its numbers. Finer than [`Class`]: a knee may be straight or curved below its breakpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Constant,
    Line,
    Linearithmic,
    Quadratic,
    Knee,
    CurvedKnee,
}

/// A form fitted to points: costs relative to the scale of the panel, sizes in the user's unit.
#[derive(Debug, Clone, Copy)]
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
        }
    }

    /// The number of fitted values, the breakpoint included.
    pub(crate) fn n_parameters(self) -> usize {
        match self {
            Self::Constant => 1,
            Self::Line | Self::Linearithmic => 2,
            Self::Quadratic => 3,
            Self::Knee => 4,
            Self::CurvedKnee => 5,
        }
    }

    /// `None` when the points are too few for the form.
    pub(crate) fn fit(self, points: &Points) -> Option<Fitted> {
        let polynomial = |degree: i32| {
            let columns: Vec<Vec<f64>> = (0..=degree).map(|d| points.weighted(|x| x.powi(d))).collect();
            let (estimates, rss) = coefficients(&columns, &points.weighted_y())?;
            let beta = |j: usize| estimates.get(j).copied().unwrap_or(0.0);
            let curve = Curve::Polynomial { intercept: beta(0), slope: beta(1), curvature: beta(2) };
            Some(Fitted { curve: curve.in_units(points.x_max, 1.0), rss })
        };
        match self {
            Self::Constant => polynomial(0),
            Self::Line => polynomial(1),
            Self::Quadratic => polynomial(2),
            Self::Linearithmic => {
                let columns = [points.weighted(|_| 1.0), points.weighted(|x| n_ln_n(x * points.x_max) / points.x_max)];
                let (estimates, rss) = coefficients(&columns, &points.weighted_y())?;
                let curve = Curve::Linearithmic { intercept: estimates[0], slope: estimates[1] };
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
        }
    }

    /// The residual sum of squares alone, to 1e-9 or better, which is all that a simulation needs.
    pub(crate) fn rss(self, points: &Points) -> Option<f64> {
        match self {
            Self::Knee => knee::search::<2>(points, knee::ROUGH).map(|found| found.rss),
            Self::CurvedKnee => knee::search::<3>(points, knee::ROUGH).map(|found| found.rss),
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
