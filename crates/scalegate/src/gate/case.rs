//! One comparison to be decided.

use serde::{Deserialize, Serialize};

use super::Reason;
use crate::Axis;
use crate::config::Tolerances;
use crate::law::Observations;

/// Which quantities of a law are gated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Costs in their unit: slope, cost at both ends of the sizes, level at the breakpoint. Meaningful between runs of one
    /// class of host, or for counts under one key.
    Absolute,
    /// Numbers without a unit of cost: class, breakpoint, share of curvature, ratio of slopes, growth. The same on every
    /// host.
    Shape,
    /// The one number of what follows no law, as perplexity. The same on every host.
    Value,
}

/// A workload and metric, with what was measured on both sides.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The class of hosts that was measured.
    pub host: String,
    /// As `llm/prefill`.
    pub workload: String,
    /// As `wall_time`.
    pub metric: String,
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
    /// The numbers of rounds after which the run was or will be compared with its baseline, ascending, the last being the most
    /// that it takes; empty if it is compared once. See [`looks`](super::looks).
    pub looks: Vec<u32>,
    /// The accepted costs; `None` if there are none.
    pub baseline: Option<Observations>,
    /// The costs of the run under test; `None` if there are none.
    pub run: Option<Observations>,
    /// Why the two can't be compared although both are there (a disturbed host, another environment): the case is then
    /// inconclusive for this reason.
    pub withheld: Option<Reason>,
}
