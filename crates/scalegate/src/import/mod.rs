//! Measurements of other tools as run records.

mod collect;
mod criterion;
mod csv;
mod google_benchmark;
mod hyperfine;
mod llama_bench;

pub use collect::{Imported, Order};
pub use criterion::criterion;
pub use csv::csv;
pub use google_benchmark::google_benchmark;
pub use hyperfine::hyperfine;
pub use llama_bench::llama_bench;
