//! Which files a vision user model consists of.

use std::path::{Path, PathBuf};

use tract_onnx::pb::ModelProto;

use super::onnx::locate;
use super::untrusted;
use crate::Result;

/// What the graph of a vision tower may be called: that of a three-file model, that of half of a CLIP, and that of a
/// model which is a tower alone.
const ENCODERS: [&str; 3] = ["vision_encoder", "vision_model", "model"];

/// The graphs of a vision model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisionFiles {
    encoder: PathBuf,
    embed: PathBuf,
    decoder: PathBuf,
}

impl VisionFiles {
    /// Of a directory: `vision_encoder.onnx`, `vision_model.onnx` or `model.onnx`, the first that is there, in `onnx/` or beside
    /// the configuration; and `embed_tokens.onnx` and `decoder_model_merged.onnx` likewise. Of a file: that file, and beside it
    /// the two others with what its name has after `vision_encoder`, as `_q4`.
    pub fn find(path: &Path) -> Self {
        if !path.is_file() {
            let found = ENCODERS.map(|name| locate(path, &format!("{name}.onnx")));
            let encoder = found.iter().find(|file| file.is_file()).unwrap_or(&found[0]).clone();
            let beside = |name: &str| locate(path, &format!("{name}.onnx"));
            return Self { encoder, embed: beside("embed_tokens"), decoder: beside("decoder_model_merged") };
        }
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let form = stem.strip_prefix(ENCODERS[0]).unwrap_or_default();
        let beside = |name: &str| {
            let other = path.with_file_name(format!("{name}{form}.onnx"));
            // Published models have forms of some graphs and not of others.
            if other.is_file() { other } else { path.with_file_name(format!("{name}.onnx")) }
        };
        Self { encoder: path.into(), embed: beside("embed_tokens"), decoder: beside("decoder_model_merged") }
    }

    /// The vision tower.
    pub fn encoder(&self) -> &Path {
        &self.encoder
    }

    /// Token ids to embeddings.
    pub(super) fn embed(&self) -> &Path {
        &self.embed
    }

    /// Embeddings to logits.
    pub(super) fn decoder(&self) -> &Path {
        &self.decoder
    }

    /// Whether the vision graph has an input of this name.
    pub(super) fn encoder_takes(&self, input: &str) -> Result<bool> {
        let ModelProto { graph, .. } = untrusted::model(&self.encoder)?;
        Ok(graph.is_some_and(|graph| graph.input.iter().any(|info| info.name == input)))
    }
}
