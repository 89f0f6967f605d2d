//! The classes of laws, and the fitted function.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How cost grows with size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The same at every size.
    Constant,
    /// `a + b·n`.
    Linear,
    /// `a + b·n·ln n`.
    Linearithmic,
    /// `a + b·n + c·n²` with c > 0.
    Quadratic,
    /// Growing up to a breakpoint, nearly flat above it.
    Knee,
}

impl Class {
    /// The name used in JSON and in words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Linear => "linear",
            Self::Linearithmic => "linearithmic",
            Self::Quadratic => "quadratic",
            Self::Knee => "knee",
        }
    }

    /// The order of growth beyond all sizes: a knee ends nearly flat, and so ranks with the constant.
    pub fn order(self) -> u8 {
        match self {
            Self::Constant | Self::Knee => 0,
            Self::Linear => 1,
            Self::Linearithmic => 2,
            Self::Quadratic => 3,
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A law with its numbers: cost as a function of size.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Curve {
    /// `intercept + slope·n + curvature·n²`; a constant has neither slope nor curvature, a line no curvature.
    Polynomial {
        /// Cost at size zero, extrapolated.
        intercept: f64,
        /// Cost per unit of size.
        slope: f64,
        /// Cost per squared unit of size.
        curvature: f64,
    },
    /// `intercept + slope·n·ln n`.
    Linearithmic {
        /// Cost at size one, extrapolated.
        intercept: f64,
        /// Cost per n·ln n.
        slope: f64,
    },
    /// `intercept + slope·n + curvature·n²` up to the breakpoint, continuous there, a line of its own above it.
    Knee {
        /// Cost at size zero, extrapolated.
        intercept: f64,
        /// Cost per unit of size below the breakpoint, at size zero.
        slope: f64,
        /// Cost per squared unit of size below the breakpoint.
        curvature: f64,
        /// The size at which the law bends.
        breakpoint: f64,
        /// Cost per unit of size above the breakpoint; never negative.
        slope_above: f64,
    },
}

impl Curve {
    /// The cost at size `n`.
    pub fn predict(&self, n: f64) -> f64 {
        match *self {
            Self::Polynomial { intercept, slope, curvature } => intercept + n * (slope + n * curvature),
            Self::Linearithmic { intercept, slope } => intercept + slope * n_ln_n(n),
            Self::Knee { intercept, slope, curvature, breakpoint, slope_above } => {
                let below = n.min(breakpoint);
                intercept + below * (slope + below * curvature) + slope_above * (n - breakpoint).max(0.0)
            }
        }
    }

    /// The breakpoint, of a knee.
    pub fn breakpoint(&self) -> Option<f64> {
        match *self {
            Self::Knee { breakpoint, .. } => Some(breakpoint),
            _ => None,
        }
    }

    /// The slope just below the breakpoint, of a knee.
    pub(crate) fn slope_below(&self) -> Option<f64> {
        match *self {
            Self::Knee { slope, curvature, breakpoint, .. } => Some(slope + 2.0 * curvature * breakpoint),
            _ => None,
        }
    }

    /// The share of the quadratic term in the cost at `n`, or at the breakpoint if that is smaller.
    pub(crate) fn curvature_share(&self, n: f64) -> f64 {
        let (curvature, at) = match *self {
            Self::Polynomial { curvature, .. } => (curvature, n),
            Self::Knee { curvature, breakpoint, .. } => (curvature, n.min(breakpoint)),
            Self::Linearithmic { .. } => (0.0, n),
        };
        curvature * at * at / self.predict(at)
    }

    /// The same law after sizes were multiplied by `size` and costs by `cost`. Of a linearithmic law only the factor of
    /// n·ln n is converted: its logarithm is always that of the size in the user's unit.
    pub(crate) fn in_units(&self, size: f64, cost: f64) -> Self {
        match *self {
            Self::Polynomial { intercept, slope, curvature } => Self::Polynomial {
                intercept: intercept * cost,
                slope: slope * (cost / size),
                curvature: curvature * (cost / size / size),
            },
            Self::Linearithmic { intercept, slope } => {
                Self::Linearithmic { intercept: intercept * cost, slope: slope * (cost / size) }
            }
            Self::Knee { intercept, slope, curvature, breakpoint, slope_above } => Self::Knee {
                intercept: intercept * cost,
                slope: slope * (cost / size),
                curvature: curvature * (cost / size / size),
                breakpoint: breakpoint * size,
                slope_above: slope_above * (cost / size),
            },
        }
    }
}

/// `n·ln n`.
pub(crate) fn n_ln_n(n: f64) -> f64 {
    n * n.ln()
}
