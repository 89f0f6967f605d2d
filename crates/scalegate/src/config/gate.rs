//! `[gate]`: how much may change.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::tolerances::ToleranceChanges;
use super::{BudgetSettings, Tolerances};
use crate::metric::Metric;

/// What a verdict depends on beside the data.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GateSettings {
    /// The rate of false alarms of a whole check.
    pub alpha: f64,
    /// The rate at which a change beyond its tolerance passes, per quantity.
    pub miss: f64,
    /// Metrics without which there is no pass. What is measured beside them gates too, where it can be compared.
    pub required: Vec<Metric>,
    /// Metrics whose absolute costs have to be decided for a pass, where the class of hosts has a baseline. Of others, what a stored
    /// baseline cannot decide is a note.
    pub required_costs: Vec<Metric>,
    /// Whether an encoder's costs have to be those of the units that the configuration of its image processor expects.
    pub expected_units: bool,
    /// What is different on a class of hosts.
    pub host: BTreeMap<String, HostPolicy>,
    /// `[[budget]]`: what sizes may cost at most.
    #[serde(skip)]
    pub budgets: Vec<BudgetSettings>,
    /// Tolerances by metric; what is not given has its default.
    tolerance: BTreeMap<Metric, ToleranceChanges>,
}

/// `[gate.host.<class>]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostPolicy {
    /// Metrics without which there is no pass on this class of hosts.
    pub required: Vec<Metric>,
}

impl Default for GateSettings {
    fn default() -> Self {
        Self {
            alpha: 0.001,
            miss: 0.01,
            required: vec![Metric::WallTime],
            required_costs: Vec::new(),
            expected_units: false,
            host: BTreeMap::new(),
            budgets: Vec::new(),
            tolerance: BTreeMap::new(),
        }
    }
}

impl GateSettings {
    /// How much a law of this metric may change.
    pub fn tolerances(&self, metric: Metric) -> Tolerances {
        let defaults = Tolerances::of(metric);
        self.tolerance.get(&metric).map_or(defaults, |changes| changes.applied_to(defaults))
    }

    /// Whether a change of this metric can fail a check: it is a cost, and the settings don't say `gates = false`.
    pub fn gates(&self, metric: Metric) -> bool {
        metric.is_gated() && self.tolerance.get(&metric).and_then(|changes| changes.gates) != Some(false)
    }

    /// The metrics that a run of this host class needs for a pass.
    pub fn required(&self, class: &str) -> &[Metric] {
        self.host.get(class).map_or(&self.required, |host| &host.required)
    }

    /// Whether a class of hosts has settings of its own.
    pub fn names_host(&self, class: &str) -> bool {
        self.host.contains_key(class)
    }

    pub(super) fn check(&self) -> Result<(), String> {
        for (name, rate) in [("alpha", self.alpha), ("miss", self.miss)] {
            if !(rate > 0.0 && rate < 0.5) {
                return Err(format!("gate.{name} = {rate} is not a rate between 0 and 0.5"));
            }
        }
        let of_hosts = self.host.values().flat_map(|host| &host.required);
        let required = self.required.iter().chain(&self.required_costs).chain(of_hosts);
        for metric in required {
            if !metric.is_gated() {
                return Err(format!("{metric} is required, but it is not gated: it explains other metrics"));
            }
            if !self.gates(*metric) {
                return Err(format!("{metric} is required, but gate.tolerance.{metric}.gates is false"));
            }
        }
        if let Some(metric) = self.tolerance.keys().find(|metric| !metric.is_gated()) {
            return Err(format!("gate.tolerance.{metric}: {metric} is not gated, it explains other metrics"));
        }
        let invalid = |metric: &Metric| {
            let (name, value) = self.tolerances(*metric).first_invalid()?;
            Some(format!("gate.tolerance.{metric}.{name} = {value} is not a positive number"))
        };
        self.tolerance.keys().find_map(invalid).map_or(Ok(()), Err)
    }
}
