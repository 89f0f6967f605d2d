//! From a workload to raw samples.
//!
//! In: workloads and the suite's settings. Out: samples by size and round, and the fingerprint of the host and the
//! build that took them. This is the only stage that reads clocks, counters and the files of other tools.

mod build;
mod child;
mod counts;
mod criterion_files;
mod criterion_pass;
pub mod disturbance;
#[cfg(feature = "cli")]
pub mod doctor;
pub mod energy;
#[cfg_attr(not(feature = "cli"), expect(dead_code, reason = "only the command starts programs that start others"))]
mod group;
mod hardware;
mod host;
pub mod placement;
pub mod resources;
mod vcgencmd;

pub use build::build;
#[cfg(feature = "cli")]
pub(crate) use child::interruption;
pub(crate) use child::{Ended, OTHER_VERSION, end_with_parent, how_it_ended, run_child};
pub use child::{interrupted, watch_for_ctrl_c};
pub use counts::{
    Allocator, CALLGRIND_METRICS, HeapUse, Instrumented, KEY_FIELDS, SizeClasses, Valgrind, callgrind,
    count_environment, find_valgrind, heap_environment, read_callgrind, start_instrumentation, toggle_collection,
};
pub use criterion_files::{CriterionSample, read_criterion};
pub use criterion_pass::criterion_pass;
pub(crate) use criterion_pass::shuffle;
#[cfg(feature = "cli")]
pub(crate) use group::end_with_this_process;
pub use hardware::{InstructionCounter, instruction_counter};
pub use host::{host, named_class};
pub use vcgencmd::Vcgencmd;
