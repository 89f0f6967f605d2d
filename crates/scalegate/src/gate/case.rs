//! One comparison to be decided, and the numbers of a law that are gated in it.

use serde::{Deserialize, Serialize};

use super::{Range, Reason};
use crate::Axis;
use crate::config::Tolerances;
use crate::law::{Curve, Observations, UNIT_TOLERANCE};
use crate::metric::Metric;
use crate::record::SeriesKey;
use crate::workload::WorkloadName;

/// The workload of a case that stands for all of them, where nothing says which there are.
pub const EVERY_WORKLOAD: &str = "every workload";

/// Which quantities of a law are gated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Costs in their unit: slope, cost at both ends of the sizes, level at the breakpoint. Meaningful between runs of one class
    /// of host, or for counts under one key.
    Absolute,
    /// Numbers without a unit of cost: class, breakpoint, share of curvature, ratio of slopes, growth, also to each tread of a
    /// staircase. The same on every host.
    Shape,
    /// The one number of what follows no law, as perplexity. The same on every host.
    Value,
}

/// What a pass asks of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// Nothing.
    Nothing,
    /// That the two sides can be compared, whether or not that decides anything.
    Comparable,
    /// That every quantity is decided.
    Decided,
}

impl Demand {
    /// That all is decided if something is required, else nothing.
    pub fn decided_if(is_required: bool) -> Self {
        if is_required { Self::Decided } else { Self::Nothing }
    }
}

/// A workload and metric, with what was measured on both sides.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The class of hosts that was measured.
    pub host: String,
    /// As `llm/prefill`.
    pub workload: WorkloadName,
    /// As `wall_time`.
    pub metric: Metric,
    /// What sizes count.
    pub axis: Axis,
    /// The unit of cost, as `s`.
    pub unit: String,
    /// Which quantities are gated.
    pub scope: Scope,
    /// How much each of them may change.
    pub tolerances: Tolerances,
    /// A bound on the relative error of every cost, for metrics that repeat exactly or nearly so (instruction counts): one
    /// round is then enough. `None`: the noise is what the rounds show.
    pub noise: Option<f64>,
    /// Whether a round of the run and the round of the same number of the baseline were measured in the same minutes, alternating:
    /// what both of them met then cancels in the change from one to the other.
    pub paired: bool,
    /// The numbers of rounds after which the run was or will be compared with its baseline, ascending, the last being the most
    /// that it takes; empty if it is compared once. See [`looks`](super::looks).
    pub looks: Vec<u32>,
    /// The accepted costs; `None` if there are none.
    pub baseline: Option<Observations>,
    /// What further accepted runs of the same program cost: how far they lie apart is what changes between runs.
    pub further: Vec<Observations>,
    /// What has to be known for a pass. What is left open beyond that is a note ([`Report::undecided`](super::Report)); a regression fails
    /// either way.
    pub demand: Demand,
    /// The costs of the run under test; `None` if there are none.
    pub run: Option<Observations>,
    /// Why the two can't be compared although both are there (a disturbed host, another environment): the case is then
    /// inconclusive for this reason.
    pub withheld: Option<Reason>,
}

impl Case {
    /// Whether something changes from run to run that rounds do not show: absolute costs of runs that were not measured in pairs,
    /// unless a bound on their noise is known.
    pub(super) fn varies_between_runs(&self) -> bool {
        self.scope == Scope::Absolute && !self.paired && self.noise.is_none()
    }

    /// Which series is compared.
    pub fn key(&self) -> SeriesKey {
        SeriesKey::new(self.workload.clone(), self.metric)
    }
}

/// A gated quantity. Of each, more is worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// Everything that a case would gate, when nothing of it can be.
    All,
    /// The class of the law.
    Class,
    /// Whether there is a knee: judged by the growth of cost from the breakpoint to the largest size.
    Knee,
    /// Cost per unit of size, between the ends of the sizes or up to the breakpoint.
    Slope,
    /// Cost at the smallest size.
    CostSmallest,
    /// Cost at the largest size.
    CostLargest,
    /// Cost at the breakpoint.
    Level,
    /// Share of the quadratic term at the largest size, or at the breakpoint.
    CurvatureShare,
    /// The size at which the law bends.
    Breakpoint,
    /// Slope above the breakpoint over slope below.
    SlopeRatio,
    /// Cost on a tread of a staircase over cost at the smallest size.
    Tread,
    /// Cost at the largest over cost at the smallest size.
    Growth,
    /// What has no law: the number itself.
    Value,
    /// Cost at a size against an absolute limit.
    Budget,
    /// Cost against the units that an input is expected to become.
    ExpectedUnits,
}

impl Quantity {
    /// The value on a law; NaN if the law has none.
    pub(super) fn of(self, curve: &Curve, range: Range) -> f64 {
        let Range { smallest, largest, bend } = range;
        let slope = || {
            let end = curve.breakpoint().unwrap_or(largest);
            (curve.predict(end) - curve.predict(smallest)) / (end - smallest)
        };
        match self {
            Self::All | Self::Class | Self::Value | Self::Budget | Self::ExpectedUnits => f64::NAN,
            Self::Knee => curve.predict(largest) / curve.predict(bend),
            Self::Slope => slope(),
            Self::CostSmallest | Self::CostLargest | Self::Growth | Self::Tread => {
                self.of_ends(curve.predict(smallest), curve.predict(largest)).unwrap_or(f64::NAN)
            }
            Self::Level => curve.breakpoint().map_or(f64::NAN, |k| curve.predict(k)),
            Self::CurvatureShare => curve.curvature_share(largest),
            Self::Breakpoint => curve.breakpoint().unwrap_or(f64::NAN),
            Self::SlopeRatio => match *curve {
                Curve::Knee { slope_above, .. } => slope_above / slope(),
                _ => f64::NAN,
            },
        }
    }

    /// The value by the costs at the smallest and the largest size, if it takes no more than these.
    pub(super) fn of_ends(self, smallest: f64, largest: f64) -> Option<f64> {
        match self {
            Self::CostSmallest => Some(smallest),
            Self::CostLargest => Some(largest),
            Self::Growth | Self::Tread => Some(largest / smallest),
            _ => None,
        }
    }

    /// Whether its change is a ratio, and not a difference.
    pub(super) fn is_relative(self) -> bool {
        !matches!(self, Self::CurvatureShare | Self::SlopeRatio)
    }

    /// Whether it is cost at one size over cost at another.
    pub(super) fn is_growth(self) -> bool {
        matches!(self, Self::Growth | Self::Tread)
    }

    /// Whether it scales with the unit of cost.
    pub fn has_cost_unit(self) -> bool {
        matches!(self, Self::Slope | Self::CostSmallest | Self::CostLargest | Self::Level | Self::Value | Self::Budget)
    }

    /// Whether it is a limit that needs no baseline; what it leaves open, more rounds of a run need not decide.
    pub fn is_limit(self) -> bool {
        matches!(self, Self::Budget | Self::ExpectedUnits)
    }

    pub(super) fn tolerance(self, tolerances: &Tolerances) -> f64 {
        match self {
            Self::All | Self::Class | Self::Knee | Self::Growth | Self::Tread => tolerances.growth,
            Self::Slope => tolerances.slope,
            Self::CostSmallest | Self::CostLargest | Self::Value => tolerances.cost,
            // A limit is absolute.
            Self::Budget => 0.0,
            Self::ExpectedUnits => UNIT_TOLERANCE,
            Self::Level => tolerances.level,
            Self::CurvatureShare => tolerances.curvature_share,
            Self::Breakpoint => tolerances.breakpoint,
            Self::SlopeRatio => tolerances.slope_ratio,
        }
    }
}
