//! Runs models on the CPU: from tokens and encoded images to logits. The only place that knows tract.
//!
//! In goes a directory as [`crate::models`] describes it, or a Hugging Face export laid out alike. [`Llm`] prefills and
//! decodes on a KV cache that grows; [`Vlm`] encodes an image and reads image tokens in front of text tokens; [`Embedder`] makes
//! one vector of a text. Vision user models are a [`Tower`] for each size of image, with a [`Language`] after it.
//!
//! Promised:
//! - Everything runs on the thread that calls, unless more are asked for. Times are then costs, and instruction counts
//!   repeat.
//! - A model costs what its bare tract plan costs. Of the instructions of the smallest calls, what is added here is
//!   0.1 % (prefill of 16 tokens), 0.2 % (decode) and 0.9 % (encode of 16 patches: copying the pixels), by callgrind;
//!   `examples/overhead.rs` shows the same in time, as far as noise allows.
//! - A file that is damaged, foreign or lacks an input is an [`crate::Error`] with path, cause and remedy, no panic.

mod attention;
mod cumulative;
mod decoder;
mod decoder_inputs;
mod embedder;
mod forms;
mod image_tokens;
mod kernels;
mod language;
mod llm;
mod logits;
mod onnx;
mod optimise;
mod passages;
mod plan;
mod pooling;
pub mod preprocess;
mod probe;
mod rewrite;
mod still;
mod threads;
mod tokenizer;
mod tower;
mod trace;
mod untrusted;
mod vision_files;
mod vlm;

pub use embedder::Embedder;
pub use kernels::kernel_family;
pub use language::Language;
pub use llm::{Llm, LlmSession};
pub use logits::Logits;
pub use passages::{Passages, Positions, language_model_file, passages};
pub use plan::Options;
pub use pooling::CONTEXT_KEYS;
pub use rewrite::Applied;
pub use tokenizer::Tokenizer;
pub use tower::Tower;
pub(crate) use trace::traced;
pub use vision_files::VisionFiles;
pub use vlm::{ImageFeatures, Vlm};

/// Reads an ONNX file and checks it as a stranger's; see `untrusted`.
pub use untrusted::model as read_onnx;
