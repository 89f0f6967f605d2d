//! `[gate]`: how much may change.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Tolerances;
use crate::metric::Metric;

/// What a verdict depends on beside the data.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GateSettings {
    /// The rate of false alarms of a whole check.
    pub alpha: f64,
    /// The rate at which a change beyond its tolerance passes, per quantity.
    pub miss: f64,
    /// Tolerances by metric; what is not given has its default.
    pub tolerance: BTreeMap<Metric, Tolerances>,
}

impl Default for GateSettings {
    fn default() -> Self {
        Self { alpha: 0.001, miss: 0.01, tolerance: BTreeMap::new() }
    }
}

impl GateSettings {
    pub(super) fn check(&self) -> Result<(), String> {
        for (name, rate) in [("alpha", self.alpha), ("miss", self.miss)] {
            if !(rate > 0.0 && rate < 0.5) {
                return Err(format!("gate.{name} = {rate} is not a rate between 0 and 0.5"));
            }
        }
        let invalid = |(metric, tolerances): (&Metric, &Tolerances)| {
            let (name, value) = tolerances.first_invalid()?;
            Some(format!("gate.tolerance.{metric}.{name} = {value} is not a positive number"))
        };
        self.tolerance.iter().find_map(invalid).map_or(Ok(()), Err)
    }
}
