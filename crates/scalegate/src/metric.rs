//! What can be measured, and in which unit.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A cost, always per inference; or what the words are worth that it pays for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Elapsed time.
    WallTime,
    /// CPU time of all threads.
    CpuTime,
    /// Instructions executed, counted by a simulator.
    Instructions,
    /// Instructions executed, counted by the processor.
    InstructionsHw,
    /// Bytes allocated on the heap, whether or not they are freed again.
    HeapBytes,
    /// Allocations on the heap.
    HeapBlocks,
    /// Misses of a simulated first-level data cache of 32 KiB.
    D1Misses,
    /// Misses of a simulated last-level cache of 8 MiB.
    LlMisses,
    /// Branches executed, conditional and indirect.
    Branches,
    /// Area under the CPU use above idle.
    CpuAuc,
    /// Area under the resident memory above idle.
    RssAuc,
    /// Largest resident memory.
    PeakRss,
    /// Energy above idle.
    Energy,
    /// Mean CPU use above idle, while inferences run.
    Utilisation,
    /// Mean power while inferences run, idle power included.
    MeanPower,
    /// Tokens for each joule above idle; the more the better, so that it is no cost.
    TokensPerJoule,
    /// The exponential of the mean negative log-likelihood of a text's tokens.
    Perplexity,
}

/// What a metric is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A cost on a class of hosts, whose shape is the same on all of them.
    Cost,
    /// A count that repeats on every host with the same tools.
    Count,
    /// A number of the model and its text, which repeats on every host but for rounding and is no function of a size.
    Accuracy,
    /// What helps to understand another metric and is not gated.
    Informative,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 17] = [
        Self::WallTime,
        Self::CpuTime,
        Self::Instructions,
        Self::InstructionsHw,
        Self::HeapBytes,
        Self::HeapBlocks,
        Self::D1Misses,
        Self::LlMisses,
        Self::Branches,
        Self::CpuAuc,
        Self::RssAuc,
        Self::PeakRss,
        Self::Energy,
        Self::Utilisation,
        Self::MeanPower,
        Self::TokensPerJoule,
        Self::Perplexity,
    ];

    /// What may be done with it.
    pub fn kind(self) -> Kind {
        match self {
            Self::Instructions | Self::HeapBytes => Kind::Count,
            Self::HeapBlocks
            | Self::D1Misses
            | Self::LlMisses
            | Self::Branches
            | Self::Utilisation
            | Self::MeanPower
            | Self::TokensPerJoule => Kind::Informative,
            Self::Perplexity => Kind::Accuracy,
            _ => Kind::Cost,
        }
    }

    /// Whether a change of it can fail a check.
    pub fn is_gated(self) -> bool {
        self.kind() != Kind::Informative
    }

    /// A bound on the relative error of a value, for metrics that repeat exactly or nearly so: one round is then enough.
    /// `docs/evidence/counts.md` has the measurements that the bound of counts comes from; that of accuracy leaves room for
    /// kernels that sum 32-bit floats in another order: `docs/compression.md` tells by how much another runtime differs.
    pub fn error_bound(self) -> Option<f64> {
        match self.kind() {
            Kind::Count => Some(2e-5),
            Kind::Accuracy => Some(1e-4),
            Kind::Cost | Kind::Informative => None,
        }
    }

    /// Whether it is taken at the sizes of `[instructions]`.
    pub fn is_counted(self) -> bool {
        matches!(
            self,
            Self::Instructions
                | Self::InstructionsHw
                | Self::HeapBytes
                | Self::HeapBlocks
                | Self::D1Misses
                | Self::LlMisses
                | Self::Branches
        )
    }

    /// Whether it is a function of a size, to which a law can be fitted.
    pub fn has_law(self) -> bool {
        self.kind() != Kind::Accuracy
    }

    /// The name in records, in a configuration and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::WallTime => "wall_time",
            Self::CpuTime => "cpu_time",
            Self::Instructions => "instructions",
            Self::InstructionsHw => "instructions_hw",
            Self::HeapBytes => "heap_bytes",
            Self::HeapBlocks => "heap_blocks",
            Self::D1Misses => "d1_misses",
            Self::LlMisses => "ll_misses",
            Self::Branches => "branches",
            Self::CpuAuc => "cpu_auc",
            Self::RssAuc => "rss_auc",
            Self::PeakRss => "peak_rss",
            Self::Energy => "energy",
            Self::Utilisation => "utilisation",
            Self::MeanPower => "mean_power",
            Self::TokensPerJoule => "tokens_per_joule",
            Self::Perplexity => "perplexity",
        }
    }

    /// The unit of a value.
    pub fn unit(self) -> &'static str {
        match self {
            Self::WallTime | Self::CpuTime => "s",
            Self::Instructions | Self::InstructionsHw => "instructions",
            Self::HeapBytes | Self::PeakRss => "bytes",
            Self::HeapBlocks => "blocks",
            Self::D1Misses | Self::LlMisses => "misses",
            Self::Branches => "branches",
            Self::CpuAuc => "core·s",
            Self::RssAuc => "byte·s",
            Self::Energy => "J",
            Self::Utilisation => "cores",
            Self::MeanPower => "W",
            Self::TokensPerJoule => "tokens/J",
            Self::Perplexity => "1",
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
