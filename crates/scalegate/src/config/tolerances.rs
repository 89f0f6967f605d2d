//! How much a law may change before it counts.

use serde::{Deserialize, Serialize};

use crate::metric::{Kind, Metric};

/// The tolerance δ of each gated quantity: relative changes, except where a difference is named.
///
/// The defaults are for times on shared or noisy machines, at about 8 rounds with 3 % noise per size. They are as wide as
/// what they guard allows: a lost KV cache multiplies the growth of a decoding step by ten or more, a clamp that
/// moves by one step of its setting doubles the breakpoint, a layer too many is 25 % of slope.
///
/// Simulated unchanged suites of six workloads pass on all shapes with these defaults in (200 each; the rest is inconclusive):
///
/// | noise per size | 5 rounds | 8 rounds | 10 rounds | 20 rounds |
/// |---|---|---|---|---|
/// | 1 % | 99 % | 100 % | 100 % | 100 % |
/// | 2 % | 74 % | 99 % | 100 % | 100 % |
/// | 3 % | 25 % | 83 % | 97 % | 100 % |
/// | 5 % | 0 % | 17 % | 36 % | 91 % |
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tolerances {
    /// Cost per unit of size (between the ends of the sizes, or up to the breakpoint).
    pub slope: f64,
    /// Cost at the smallest and at the largest size; of accuracy, its value.
    pub cost: f64,
    /// Share of the quadratic term at the largest size (or at the breakpoint), as a difference.
    pub curvature_share: f64,
    /// The size at which the law bends.
    pub breakpoint: f64,
    /// Cost at the breakpoint.
    pub level: f64,
    /// Slope above the breakpoint over slope below, as a difference.
    pub slope_ratio: f64,
    /// Cost at the largest over cost at the smallest size; of a staircase also cost on each tread.
    pub growth: f64,
}

impl Default for Tolerances {
    fn default() -> Self {
        Self {
            slope: 0.15,
            cost: 0.15,
            curvature_share: 0.25,
            breakpoint: 0.15,
            level: 0.15,
            slope_ratio: 0.1,
            growth: 0.25,
        }
    }
}

/// `[gate.tolerance.<metric>]`: what differs from the defaults of the metric.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ToleranceChanges {
    /// Whether the metric gates at all.
    pub(super) gates: Option<bool>,
    slope: Option<f64>,
    cost: Option<f64>,
    curvature_share: Option<f64>,
    breakpoint: Option<f64>,
    level: Option<f64>,
    slope_ratio: Option<f64>,
    growth: Option<f64>,
}

impl ToleranceChanges {
    pub(super) fn applied_to(&self, defaults: Tolerances) -> Tolerances {
        Tolerances {
            slope: self.slope.unwrap_or(defaults.slope),
            cost: self.cost.unwrap_or(defaults.cost),
            curvature_share: self.curvature_share.unwrap_or(defaults.curvature_share),
            breakpoint: self.breakpoint.unwrap_or(defaults.breakpoint),
            level: self.level.unwrap_or(defaults.level),
            slope_ratio: self.slope_ratio.unwrap_or(defaults.slope_ratio),
            growth: self.growth.unwrap_or(defaults.growth),
        }
    }
}

impl Tolerances {
    /// The defaults of a metric.
    pub fn of(metric: Metric) -> Self {
        match metric.kind() {
            Kind::Count => Self::COUNTS,
            // Half of the 2 % up to which docs/compression.md counts a smaller model as one that is not worse.
            Kind::Accuracy => Self { cost: 0.01, ..Self::default() },
            Kind::Cost | Kind::Informative => Self::default(),
        }
    }

    /// For counts under one key, which repeat exactly: what moves them is the code. A change of 0.5 % in slope, in cost or in
    /// growth is caught with room to spare. Changes that do nothing (a renamed function, a moved module) were seen to move
    /// them by less than 0.01 %; `docs/evidence/counts.md` has the figures.
    pub const COUNTS: Self = Self {
        slope: 0.002,
        cost: 0.002,
        curvature_share: 0.003,
        breakpoint: 0.005,
        level: 0.002,
        slope_ratio: 0.003,
        growth: 0.002,
    };

    /// For costs that were measured in pairs of rounds, base and head alternating: what a machine does to both sides
    /// cancels. `docs/ab.md` says how.
    pub const PAIRS: Self = Self {
        slope: 0.01,
        cost: 0.01,
        curvature_share: 0.03,
        breakpoint: 0.05,
        level: 0.01,
        slope_ratio: 0.02,
        growth: 0.015,
    };

    /// The first tolerance that is not a positive finite number, by name.
    pub fn first_invalid(&self) -> Option<(&'static str, f64)> {
        [
            ("slope", self.slope),
            ("cost", self.cost),
            ("curvature_share", self.curvature_share),
            ("breakpoint", self.breakpoint),
            ("level", self.level),
            ("slope_ratio", self.slope_ratio),
            ("growth", self.growth),
        ]
        .into_iter()
        .find(|(_, v)| !(v.is_finite() && *v > 0.0))
    }
}
