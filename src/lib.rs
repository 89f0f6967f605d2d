//! Performance regression tests for how inference cost scales with tokens and pixels.
//!
//! Data flows one way through the modules, and imports follow it backwards only:
//!
//! ```text
//! suite ─▶ models ─▶ inference ─▶ workload ─▶ measure ─▶ record ─▶ law ─▶ gate ─▶ report
//! ```

pub mod error;

pub use error::{Error, Result};
