//! From a workload to raw samples.
//!
//! In: workloads and the suite's settings. Out: samples by size and round, and the fingerprint of the host and the
//! build that took them. This is the only stage that reads clocks, counters and the files of other tools.

mod build;
mod criterion_files;
mod criterion_pass;
mod host;
mod rounds;

pub use build::build;
pub use criterion_files::{CriterionSample, read_criterion};
pub use criterion_pass::criterion_pass;
pub use host::host;
pub use rounds::{Round, RoundPlan, interrupted, run_rounds, watch_for_ctrl_c};
