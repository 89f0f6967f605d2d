//! `[[budget]]`: what a size may cost at most.

use serde::Deserialize;

use crate::metric::Metric;
use crate::units;
use crate::workload::WorkloadName;

/// An absolute limit on what a workload costs at one size.
#[derive(Debug, Clone, PartialEq)]
pub struct BudgetSettings {
    /// As `llm/prefill`.
    pub workload: WorkloadName,
    /// What is limited.
    pub metric: Metric,
    /// The size, on the axis of the workload.
    pub at: f64,
    /// The limit, in the unit of the metric.
    pub at_most: f64,
    /// The class of hosts that it holds for; all of them without it.
    pub host: Option<String>,
    /// File and line, for messages.
    pub place: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    workload: WorkloadName,
    metric: Metric,
    at: f64,
    at_most: String,
    host: Option<String>,
}

impl Section {
    pub(super) fn checked(self, place: String) -> Result<BudgetSettings, String> {
        let Self { workload, metric, at, at_most, host } = self;
        if !metric.is_gated() || !metric.has_law() {
            return Err(format!("{metric} has no budget: it is no cost that is gated by its size"));
        }
        if !(at.is_finite() && at > 0.0) {
            return Err(format!("at = {at} is no size above zero"));
        }
        let limit = units::parse_cost(&at_most, metric.unit()).map_err(|cause| format!("at_most: {cause}"))?;
        Ok(BudgetSettings { workload, metric, at, at_most: limit, host, place })
    }
}

impl BudgetSettings {
    /// Whether it holds for a class of hosts.
    pub fn holds_for(&self, class: &str) -> bool {
        self.host.as_deref().is_none_or(|host| host == class)
    }
}
