//! The models that the suite runs by default: generated, seeded, the same bytes on every machine.
//!
//! In go a spec (sizes) and a seed; out comes a [`ModelDir`]: a directory laid out as Hugging Face's ONNX exports are,
//! so that a user's own export takes the same road through [`crate::inference`].
//!
//! ```text
//! llm/  config.json   onnx/model.onnx
//! vlm/  config.json   preprocessor_config.json
//!       onnx/vision_encoder.onnx   onnx/embed_tokens.onnx   onnx/decoder_model_merged.onnx
//! ```
//!
//! Promised: the same spec, seed and [`GENERATOR_VERSION`] give the same bytes and the same SHA-256 everywhere. Weights
//! are made of exact integer-to-float conversions, products and square roots, which IEEE 754 rounds in one way only;
//! the one `pow` (rotary frequencies) is `libm`'s, which is software.
//!
//! The weights are random. Cost does not depend on their values, and nobody reads what the models say.

mod decoder;
mod layout;
mod onnx;
mod rotary;
mod store;
mod vision;
mod weights;

pub use store::{ModelDir, materialise_llm, materialise_vlm};

/// Raised whenever the same spec and seed would give other bytes, so that stored models are written anew.
pub const GENERATOR_VERSION: u32 = 1;
