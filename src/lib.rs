//! Performance regression tests for how inference cost scales with tokens and pixels.
//!
//! Data flows one way through the modules, and imports follow it backwards only:
//!
//! ```text
//! suite ─▶ models ─▶ inference ─▶ workload ─▶ measure ─▶ record ─▶ law ─▶ gate ─▶ report
//! ```

pub mod accuracy;
pub mod analysis;
pub mod baseline;
pub mod bench;
mod bounded;
pub mod cli;
pub mod compress;
pub mod error;
pub mod export;
pub mod gate;
pub mod import;
pub mod inference;
pub mod law;
pub mod measure;
pub mod metric;
pub mod models;
#[cfg(test)]
mod mutate;
pub mod paths;
pub mod record;
pub mod report;
pub mod suite;
mod time;
mod units;
pub mod workload;

pub use error::{Error, Result};
