//! What an image processor is set to.

use std::path::Path;

use scalegate::Result;

use crate::sources::Sources;
use crate::user_model::{self, Settings, json};

/// A configuration of a preprocessor.
#[derive(Debug, Clone, Copy)]
pub(super) enum Setting {
    /// As of Qwen2-VL, with at most so many image tokens of 28 × 28 pixels. What allows more pixels than any image here has is no
    /// bound.
    Tokens(u32),
    /// As of Pixtral, with at most so many pixels on the longest side.
    LongestSide(u32),
    /// As of Qwen2-VL, with these keys beside its name.
    Clamp(&'static Settings),
    /// As of InternVL, with at most so many tiles of 448 × 448 pixels.
    Tiles(u32),
}

impl Setting {
    /// Writes a model that has it.
    pub(super) fn write(self, sources: &Sources, model: &Path) -> Result<()> {
        user_model::write(sources, model, self.graph(), &self.configuration())
    }

    fn configuration(self) -> String {
        let qwen = ("image_processor_type", r#""Qwen2VLImageProcessor""#);
        match self {
            Self::Tokens(tokens) => {
                let pixels = (tokens * 784).to_string();
                json([qwen, ("min_pixels", "3136"), ("max_pixels", &pixels)])
            }
            Self::LongestSide(side) => json([
                ("image_processor_type", r#""PixtralImageProcessor""#),
                ("size", &format!(r#"{{"longest_edge": {side}}}"#)),
                ("patch_size", "14"),
            ]),
            Self::Clamp(keys) => json([qwen].into_iter().chain(keys.iter().copied())),
            Self::Tiles(most) => json([
                ("image_processor_type", r#""GotOcr2ImageProcessorFast""#),
                ("crop_to_patches", "true"),
                ("size", r#"{"height": 448, "width": 448}"#),
                ("max_patches", &most.to_string()),
            ]),
        }
    }

    /// The graph that reads what this preprocessor makes.
    fn graph(self) -> &'static str {
        match self {
            Self::Tokens(_) | Self::Clamp(_) => "patches.onnx",
            Self::LongestSide(_) | Self::Tiles(_) => "images.onnx",
        }
    }
}
