//! `[[workload]]`: one axis and its sizes.

use serde::{Deserialize, Serialize};

use super::Resolution;

/// What the size of a workload counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Axis {
    /// Tokens of prompt or of context.
    Tokens,
    /// Pixels of the encoded image, width times height.
    Pixels,
}

impl Axis {
    /// The name as it is written in records and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::Pixels => "pixels",
        }
    }
}

/// A workload and the sizes it is run at, in ascending order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorkloadSettings {
    /// A workload along the `tokens` axis.
    Tokens {
        /// For instance `llm/prefill`.
        name: String,
        /// Tokens, ascending and distinct.
        sizes: Vec<u64>,
    },
    /// A workload along the `pixels` axis.
    Pixels {
        /// For instance `vlm/encode`.
        name: String,
        /// Image sizes, ascending and distinct in pixels.
        resolutions: Vec<Resolution>,
    },
}

impl WorkloadSettings {
    /// The name, for instance `llm/prefill`.
    pub fn name(&self) -> &str {
        match self {
            Self::Tokens { name, .. } | Self::Pixels { name, .. } => name,
        }
    }

    /// What the sizes count.
    pub fn axis(&self) -> Axis {
        match self {
            Self::Tokens { .. } => Axis::Tokens,
            Self::Pixels { .. } => Axis::Pixels,
        }
    }
}
