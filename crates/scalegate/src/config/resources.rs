//! `[resources]`: how CPU time, memory and energy are sampled.

use std::path::PathBuf;

use serde::Deserialize;

/// Fastest sampling. A sample takes some 30 µs, so that a thousand of them a second are 3 % of a core.
const MAX_HZ: u32 = 1000;

/// Rate of the reference method (arXiv 2512.16531), and windows in which so few samples still show a level.
const PAPER_HZ: u32 = 5;
const PAPER_WINDOW_MS: u64 = 1500;
const PAPER_IDLE_MS: u64 = 1000;

/// How a process is sampled from outside, and at which sizes: fewer than of times, since every size is a process of its
/// own, which has to load a model and to be watched while it does nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceSettings {
    /// Passes over all sizes.
    pub rounds: u32,
    /// Milliseconds of inferences per size and round, at the least.
    pub window_ms: u64,
    /// Inferences per size and round, at the least.
    pub inferences: u64,
    /// Milliseconds of each idle window, before and after.
    pub idle_ms: u64,
    /// Samples per second.
    pub rate_hz: u32,
    /// Memory is polled with the samples only, and not between them.
    pub polls_with_samples_only: bool,
    /// How often a disturbed sample is taken, at the most.
    pub attempts: u32,
    /// What other processes may use of the machine, in cores.
    pub others_cores: f64,
    /// The log of a meter between the machine and its power supply.
    pub energy_log: Option<EnergyLog>,
}

/// `[resources.energy_log]`: a CSV file that an external meter writes.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnergyLog {
    /// Columns `time_s,power_w` or `time_s,volts,amperes`.
    pub path: PathBuf,
    /// Seconds to add to the log's times to get this machine's, which count from 1970.
    #[serde(default)]
    pub offset_s: f64,
    /// Whether that offset is found by the CPU use of the run.
    #[serde(default)]
    pub align: bool,
}

/// The section as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Section {
    rounds: u32,
    window_ms: u64,
    inferences: u64,
    idle_ms: u64,
    rate_hz: u32,
    attempts: u32,
    others_cores: f64,
    energy_log: Option<EnergyLog>,
}

impl Default for Section {
    fn default() -> Self {
        Self {
            rounds: 8,
            window_ms: 300,
            inferences: 3,
            idle_ms: 150,
            rate_hz: 20,
            attempts: 3,
            others_cores: 0.5,
            energy_log: None,
        }
    }
}

impl Section {
    pub(super) fn into_settings(self) -> ResourceSettings {
        ResourceSettings {
            rounds: self.rounds,
            window_ms: self.window_ms,
            inferences: self.inferences,
            idle_ms: self.idle_ms,
            rate_hz: self.rate_hz,
            polls_with_samples_only: false,
            attempts: self.attempts,
            others_cores: self.others_cores,
            energy_log: self.energy_log,
        }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        if self.rounds < 2 {
            return Err(format!("rounds = {}: a spread needs at least 2 rounds, and a verdict about 8", self.rounds));
        }
        if !(1..=MAX_HZ).contains(&self.rate_hz) {
            return Err(format!("rate_hz = {}: the sampler takes 1 to {MAX_HZ} samples a second", self.rate_hz));
        }
        if self.window_ms == 0 || self.idle_ms == 0 || self.inferences == 0 || self.attempts == 0 {
            return Err("window_ms, idle_ms, inferences and attempts must be at least 1".to_owned());
        }
        if !(self.others_cores.is_finite() && self.others_cores > 0.0) {
            return Err(format!("others_cores = {} is not a positive number of cores", self.others_cores));
        }
        if let Some(log) = self.energy_log.as_ref().filter(|log| !log.offset_s.is_finite()) {
            return Err(format!("energy_log.offset_s = {} is not a number of seconds", log.offset_s));
        }
        if self.energy_log.as_ref().is_some_and(|log| log.align && log.offset_s != 0.0) {
            return Err(
                "energy_log.align finds the offset of the log's clock, and offset_s gives it: keep one".to_owned()
            );
        }
        Ok(())
    }
}

impl ResourceSettings {
    /// The sampling rate of the reference method, which looks no more often, in windows that are at least long enough for it.
    #[must_use]
    pub fn paper(self) -> Self {
        let (window_ms, idle_ms) = (self.window_ms.max(PAPER_WINDOW_MS), self.idle_ms.max(PAPER_IDLE_MS));
        Self { rate_hz: PAPER_HZ, polls_with_samples_only: true, window_ms, idle_ms, ..self }
    }
}
