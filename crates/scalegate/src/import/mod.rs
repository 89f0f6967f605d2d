//! Measurements of other tools as run records.

mod collect;
mod criterion;
mod csv;
mod divan;
mod go_bench;
mod google_benchmark;
mod hyperfine;
mod llama_bench;
mod name;
mod pytest_benchmark;

pub use collect::{Imported, Order};
pub use criterion::criterion;
pub use csv::csv;
pub use divan::divan;
pub use go_bench::go_bench;
pub use google_benchmark::google_benchmark;
pub use hyperfine::hyperfine;
pub use llama_bench::llama_bench;
pub use pytest_benchmark::pytest_benchmark;
