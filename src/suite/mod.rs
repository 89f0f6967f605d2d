//! `suite.toml`: what is run, at which sizes, and how much it may change.
//!
//! In: the text of a suite file. Out: a [`Suite`] whose every value has been checked, or an [`Error`](crate::Error) that
//! names file, line, cause and remedy. An unknown key, a duplicate, a zero or an unsorted list is an error, since each
//! would measure something else than the reader of the file believes.
//!
//! The settings of all stages live here as plain data, so that every stage can import its own and none of them has to
//! know the file.

mod accuracy;
mod check;
mod gate;
mod instructions;
mod measure;
mod model;
mod resolution;
mod resources;
mod source;
mod tolerances;
mod workload;

pub use accuracy::AccuracySettings;
pub use gate::{GateSettings, HostPolicy};
pub use instructions::InstructionSettings;
pub use measure::MeasureSettings;
pub use model::{
    ForeignModel, ImageSettings, InferenceSettings, LlmSpec, MERGE, ModelSettings, PATCH, PATCH_VALUES, VisionSpec,
    VlmSpec,
};
pub use resolution::Resolution;
pub use resources::{EnergyLog, ResourceSettings};
pub use source::Suite;
pub use tolerances::Tolerances;
pub use workload::{Axis, WorkloadSettings};
