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
    /// Those at which the steps and the clamp of the model's image processor show, for images of each of these aspect ratios, each once; of
    /// none for those of [`Aspect::DEFAULT`].
    Chosen(Vec<Aspect>),
}

impl Images {
    /// The aspect ratios that sizes are chosen for, each with what its law's name ends on: nothing where no ratio is named.
    pub fn chosen(&self) -> Vec<(String, Aspect)> {
        match self {
            Self::Listed(_) => Vec::new(),
            Self::Chosen(aspects) if aspects.is_empty() => vec![(String::new(), Aspect::DEFAULT)],
            Self::Chosen(aspects) => aspects.iter().map(|it| (format!("/{}x{}", it.width, it.height), *it)).collect(),
        }
    }
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
