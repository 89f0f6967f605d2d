//! `[ab]`: how base and head are measured in pairs, and how much may change.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Tolerances;
use super::tolerances::ToleranceChanges;
use crate::metric::Metric;

/// Fewer pairs of rounds show too little of their noise for a claim at the level of an alarm.
const MIN_ROUNDS: u32 = 8;
const MAX_ROUNDS: u32 = 1_000;

/// What `scalegate ab` keeps to.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AbSettings {
    /// Pairs of rounds at most.
    pub rounds: u32,
    /// How long a workload is measured at most, in seconds, unless the command line gives a budget.
    pub seconds: f64,
    /// Tolerances by metric; what is not given has its default for pairs.
    tolerance: BTreeMap<Metric, ToleranceChanges>,
}

impl Default for AbSettings {
    fn default() -> Self {
        Self { rounds: 40, seconds: 60.0, tolerance: BTreeMap::new() }
    }
}

impl AbSettings {
    /// How much a law of this metric may change between the sides of a pair.
    pub fn tolerances(&self, metric: Metric) -> Tolerances {
        self.tolerance.get(&metric).map_or(Tolerances::PAIRS, |changes| changes.applied_to(Tolerances::PAIRS))
    }

    pub(super) fn check(&self) -> Result<(), String> {
        if !(MIN_ROUNDS..=MAX_ROUNDS).contains(&self.rounds) {
            return Err(format!("ab.rounds = {} is not within {MIN_ROUNDS} and {MAX_ROUNDS}", self.rounds));
        }
        if !(self.seconds.is_finite() && self.seconds > 0.0) {
            return Err(format!("ab.seconds = {} is no time", self.seconds));
        }
        let invalid = |metric: &Metric| {
            let (name, value) = self.tolerances(*metric).first_invalid()?;
            Some(format!("ab.tolerance.{metric}.{name} = {value} is not a positive number"))
        };
        self.tolerance.keys().find_map(invalid).map_or(Ok(()), Err)
    }
}
