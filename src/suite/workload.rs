//! `[[workload]]`: one axis and its sizes.

use scalegate::{Axis, Resolution};

use super::Aspect;

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
        /// Sizes of images.
        images: Images,
    },
}

/// The sizes of the images of a workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Images {
    /// Ascending and distinct in pixels.
    Listed(Vec<Resolution>),
    /// Those at which the steps and the clamp of the model's image processor show.
    Chosen(Aspect),
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
