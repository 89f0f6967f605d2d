//! What can be measured, and in which unit.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A cost, always per inference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Elapsed time.
    WallTime,
    /// Processor time of all threads.
    CpuTime,
    /// Instructions executed, counted by a simulator.
    Instructions,
    /// Instructions executed, counted by the processor.
    InstructionsHw,
    /// Bytes allocated on the heap.
    HeapBytes,
    /// Area under the processor use above idle.
    CpuAuc,
    /// Area under the resident memory above idle.
    RssAuc,
    /// Largest resident memory.
    PeakRss,
    /// Energy above idle.
    Energy,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 9] = [
        Self::WallTime,
        Self::CpuTime,
        Self::Instructions,
        Self::InstructionsHw,
        Self::HeapBytes,
        Self::CpuAuc,
        Self::RssAuc,
        Self::PeakRss,
        Self::Energy,
    ];

    /// The name in records, in `suite.toml` and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::WallTime => "wall_time",
            Self::CpuTime => "cpu_time",
            Self::Instructions => "instructions",
            Self::InstructionsHw => "instructions_hw",
            Self::HeapBytes => "heap_bytes",
            Self::CpuAuc => "cpu_auc",
            Self::RssAuc => "rss_auc",
            Self::PeakRss => "peak_rss",
            Self::Energy => "energy",
        }
    }

    /// The unit of a value.
    pub fn unit(self) -> &'static str {
        match self {
            Self::WallTime | Self::CpuTime => "s",
            Self::Instructions | Self::InstructionsHw => "instructions",
            Self::HeapBytes | Self::PeakRss => "bytes",
            Self::CpuAuc => "core·s",
            Self::RssAuc => "byte·s",
            Self::Energy => "J",
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Metric {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|metric| metric.name() == text)
            .ok_or_else(|| format!("`{text}` is not a metric; there are {}", Self::ALL.map(Self::name).join(", ")))
    }
}
