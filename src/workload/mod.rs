//! The workloads of language models and vision-language models.
//!
//! In: the suite's models, sizes and settings. Out: workloads that scalegate measures, and what is under test in them.

mod expected_units;
mod image_sizes;
mod llm;
pub mod photo;
mod prompt;
mod registry;
pub mod subject;
mod traced;
mod user_vlm;
mod vlm;

pub use registry::{Registry, target};
