//! LLM and VLM inference on the CPU, as workloads whose scaling `scalegate` gates.
//!
//! ```text
//! suite ─▶ models ─▶ inference ─▶ workload ─▶ scalegate::bench
//! ```
//!
//! In: `suite.toml`, which names models, sizes and settings. Out: workloads over tokens and pixels for the bench targets of this
//! package. Only `inference` knows tract.

pub mod inference;
pub mod models;
#[cfg(test)]
#[path = "../crates/scalegate/src/mutate.rs"]
mod mutate;
pub mod suite;
pub mod workload;

use scalegate::{Error, Result, bounded, paths};
