//! `scalegate.toml`: how much is measured, and how much of it may change.
//!
//! In: the text of a configuration. Out: a [`Config`] whose every value has been checked, or an [`Error`](crate::Error) that
//! names file, line, cause and remedy. An unknown key is an error, since the reader of the file believes that it does
//! something. Without a file every key has its default.
//!
//! The settings of all stages live here as plain data, so that every stage can import its own and none of them has to
//! know the file.

mod ab;
mod budget;
mod file;
mod gate;
mod inputs;
mod measure;
mod program;
mod resources;
mod server;
mod template;
mod tolerances;

pub use ab::AbSettings;
pub use budget::BudgetSettings;
pub use file::{Config, Document, Fault};
pub use gate::{GateSettings, HostPolicy};
pub use inputs::{Input, Inputs};
pub use measure::MeasureSettings;
pub use program::{ProgramSettings, ResultSettings, ResultSource};
pub use resources::{EnergyLog, ResourceSettings};
pub use server::{
    DEFAULT_TOKEN_IDS, Decode, Generate, HttpSettings, ImagePrompt, JsonResult, PORT, Prefill, Ready, ServerKind,
    ServerSettings,
};
pub use template::{Placeholder, Template};
pub use tolerances::Tolerances;
