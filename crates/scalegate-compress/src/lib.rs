//! Smaller language models, and what that costs in their predictions.
//!
//! ```text
//! compress ─▶ (lowrank) ─▶ a directory        accuracy ─▶ (inference of the suite) ─▶ report
//! ```

pub mod accuracy;
pub mod cli;
pub mod compress;
pub mod lowrank;
mod perplexity_series;
pub mod report;

pub use perplexity_series::perplexity_series;
