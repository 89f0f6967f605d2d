//! What the gate found, ready to be rendered.

use serde::Serialize;

use super::{Outcome, Quantity, Scope, Verdict};
use crate::law::Interval;

/// The outcome of one quantity, in numbers and in words; a report renders it and recomputes nothing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// The class of hosts that was measured.
    pub host: String,
    /// As `llm/prefill`.
    pub workload: String,
    /// As `wall_time`.
    pub metric: String,
    /// Whether costs or shapes were compared.
    pub scope: Scope,
    /// What was compared.
    pub quantity: Quantity,
    /// The unit of `baseline` and `run`; empty for a pure number.
    pub unit: String,
    /// The value of the baseline, if it has one.
    pub baseline: Option<f64>,
    /// The value of the run, if it has one.
    pub run: Option<f64>,
    /// The change from baseline to run, if there are numbers to compare.
    pub change: Option<Interval>,
    /// Whether `change` and `tolerance` are relative (0.1 is 10 %), and not differences.
    pub relative: bool,
    /// The confidence of `change`: that of an alarm for a regression or an improvement, else that of a pass.
    pub confidence: Option<f64>,
    /// The change that is tolerated.
    pub tolerance: Option<f64>,
    /// What is known.
    pub outcome: Outcome,
    /// The same for a reviewer.
    pub words: String,
}

/// All findings of a check and what they come to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The joined outcome.
    pub verdict: Verdict,
    /// In the order of the cases.
    pub findings: Vec<Finding>,
}
