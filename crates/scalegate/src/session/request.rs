//! What is to be measured, and where it goes.

use std::path::PathBuf;
use std::time::Duration;

use super::time_budget::{aimed_at, longest};
use super::{Described, Instrument};
use crate::config::MeasureSettings;
use crate::metric::Metric;
use crate::paths;

/// Rounds of a quick run: fewer don't show their variance well enough for a claim.
const QUICK_ROUNDS: u32 = 5;

/// A choice of workloads and metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the command line")]
pub struct Request {
    /// Their names; empty for all workloads.
    pub workloads: Vec<String>,
    /// A part of names, as Criterion's filter.
    pub filter: Option<String>,
    /// Empty for all metrics.
    pub metrics: Vec<Metric>,
    /// Rounds, instead of those of the configuration.
    pub rounds: Option<u32>,
    /// How long all of it may take, builds not included; rounds are then planned for that.
    pub budget: Option<Duration>,
    /// Where the record goes.
    pub out: PathBuf,
    /// Whether an earlier record is resumed: what it holds is not measured again.
    pub resume: bool,
    /// Whether a workload's rounds end when every gated quantity of it is decided.
    pub stops_early: bool,
    /// Whether a first verdict is enough: counts, heap, what targets compute themselves, and five rounds of wall time.
    pub quick: bool,
    /// Whether all is printed that is known of what was measured.
    pub verbose: bool,
    /// Whether resources are sampled at the rate of the reference method.
    pub paper: bool,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            workloads: Vec::new(),
            filter: None,
            metrics: Vec::new(),
            rounds: None,
            budget: None,
            out: paths::run(),
            resume: false,
            stops_early: false,
            quick: false,
            verbose: false,
            paper: false,
        }
    }
}

impl Request {
    /// Whether a workload is chosen. One that is sampled may be chosen by one of its sizes, as `llm/decode/16`.
    pub(super) fn chooses(&self, workload: &Described) -> bool {
        let is_named = self.workloads.is_empty() || self.workloads.iter().any(|name| **name == *workload.name);
        let Some(filter) = &self.filter else { return is_named };
        let mut sizes = workload.sizes.iter().filter(|_| workload.instrument == Instrument::Sampler);
        is_named
            && (workload.name.contains(filter)
                || sizes.any(|size| format!("{}/{size}", workload.name).contains(filter)))
    }

    /// The rounds of wall time, where the configuration asks for so many.
    pub(super) fn rounds_of(&self, configured: u32) -> u32 {
        let most = if self.quick { QUICK_ROUNDS.min(configured) } else { configured };
        self.rounds.unwrap_or(most)
    }

    /// The most that Criterion's samples of a size may take in a round. A quick run gives a size what it gives the small ones: the time
    /// that Criterion aims at.
    pub(super) fn size_limit(&self, settings: &MeasureSettings) -> Duration {
        if self.quick { aimed_at(settings) } else { longest(settings) }
    }

    /// Whether rounds are compared while they are taken, and end when all is decided.
    pub(super) fn has_looks(&self) -> bool {
        self.stops_early || self.budget.is_some()
    }

    /// Whether what this instrument tells is measured at all.
    pub(super) fn takes(&self, instrument: Instrument) -> bool {
        let is_slow = matches!(instrument, Instrument::Sampler | Instrument::Processor);
        !(self.quick && is_slow)
    }

    /// Whether a metric is wanted.
    pub fn wants(&self, metric: Metric) -> bool {
        self.metrics.is_empty() || self.metrics.contains(&metric)
    }
}
