//! `[[workload]]`: one axis and its sizes.

use scalegate::{Axis, Resolution};

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
            Self::Tokens { .. } => Axis::TOKENS,
            Self::Pixels { .. } => Axis::PIXELS,
        }
    }
}
