//! `suite.toml`: a configuration of scalegate with the keys that name models and workloads.
//!
//! In: the text of a suite file. Out: a [`Suite`] whose every value has been checked, or an [`Error`](scalegate::Error) that
//! names file, line, cause and remedy. An unknown key, a duplicate, a zero or an unsorted list is an error, since each
//! would measure something else than the reader of the file believes.

mod accuracy;
mod aspect;
mod check;
mod instructions;
mod model;
mod source;
mod workload;

pub use accuracy::AccuracySettings;
pub use aspect::Aspect;
pub use instructions::InstructionSettings;
pub use model::{
    ImageSettings, InferenceSettings, LlmSpec, MERGE, ModelSettings, PATCH, PATCH_VALUES, UserModel, VisionSpec,
    VlmSpec,
};
pub use source::Suite;
pub use workload::{Images, WorkloadSettings};
