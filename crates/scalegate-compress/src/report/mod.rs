//! Rendering: pure functions from results to text.

mod accuracy;
mod compression;

pub use accuracy::{accuracy_json, accuracy_text};
pub use compression::compression_text;
