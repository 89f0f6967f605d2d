//! `[measure]`: how often and how long.

use serde::{Deserialize, Serialize};

/// How wall time is sampled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MeasureSettings {
    /// Passes over all sizes; each is a process of its own and a replicate for the statistics.
    pub rounds: u32,
    /// Criterion samples per size and round; Criterion takes no fewer than 10.
    pub samples: usize,
    /// Milliseconds of warm-up per size and round.
    pub warm_up_ms: u64,
    /// Milliseconds that Criterion aims at per size and round; a slow size takes one iteration per sample.
    pub measurement_ms: u64,
}

impl Default for MeasureSettings {
    /// Ten rounds are what a verdict on 3 % of noise takes (see [`Tolerances`](super::Tolerances)).
    fn default() -> Self {
        Self { rounds: 10, samples: 10, warm_up_ms: 20, measurement_ms: 100 }
    }
}

impl MeasureSettings {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.rounds < 2 {
            return Err(format!("rounds = {}: a spread needs at least 2 rounds, and a verdict about 8", self.rounds));
        }
        if self.samples < 10 {
            return Err(format!("samples = {}: Criterion takes at least 10 samples per size", self.samples));
        }
        if self.warm_up_ms == 0 || self.measurement_ms == 0 {
            return Err("warm_up_ms and measurement_ms must be at least 1".to_owned());
        }
        Ok(())
    }
}
