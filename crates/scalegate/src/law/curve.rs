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
    /// Jumping up at two sizes or more, flat or nearly so between them.
    Staircase,
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
            Self::Staircase => "staircase",
        }
    }

    /// The order of growth beyond all sizes: a knee ends nearly flat, and so ranks with the constant; a staircase goes on with a
    /// step for every so many sizes, and ranks with the line.
    pub fn order(self) -> u8 {
        match self {
            Self::Constant | Self::Knee => 0,
            Self::Linear | Self::Staircase => 1,
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

/// A step of a staircase.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Step {
    /// The largest size without the step. Of a step that was found, the geometric mean of the two sizes that it lies between.
    pub place: f64,
    /// By how much cost jumps.
    pub height: f64,
}

/// A law with its numbers: cost as a function of size.
#[derive(Debug, Clone, PartialEq, Serialize)]
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
    /// `intercept + slope·n`, and the height of each step whose place is below n.
    Staircase {
        /// Cost at size zero, extrapolated.
        intercept: f64,
        /// Cost per unit of size between steps; 0 where it is flat.
        slope: f64,
        /// The steps, by ascending place.
        steps: Vec<Step>,
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
            Self::Staircase { intercept, slope, ref steps } => {
                let climbed: f64 = steps.iter().filter(|step| step.place < n).map(|step| step.height).sum();
                intercept + slope * n + climbed
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

    /// The steps, of a staircase.
    pub fn steps(&self) -> &[Step] {
        match self {
            Self::Staircase { steps, .. } => steps,
            _ => &[],
        }
    }

    /// The sizes that a line through points of the law needs besides evenly spaced ones: the breakpoint, and both sides of each step.
    pub fn corners(&self) -> Vec<f64> {
        let sides = self.steps().iter().flat_map(|step| [step.place, step.place.next_up()]);
        self.breakpoint().into_iter().chain(sides).collect()
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
            Self::Linearithmic { .. } | Self::Staircase { .. } => (0.0, n),
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
            Self::Staircase { intercept, slope, ref steps } => Self::Staircase {
                intercept: intercept * cost,
                slope: slope * (cost / size),
                steps: steps.iter().map(|step| Step { place: step.place * size, height: step.height * cost }).collect(),
            },
        }
    }
}

/// `n·ln n`.
pub(crate) fn n_ln_n(n: f64) -> f64 {
    n * n.ln()
}
