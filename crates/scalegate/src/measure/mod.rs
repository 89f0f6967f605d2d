//! From a workload to raw samples.
//!
//! In: workloads and the suite's settings. Out: samples by size and round, and the fingerprint of the host and the
//! build that took them. This is the only stage that reads clocks, counters and the files of other tools.

mod build;
mod child;
mod copies;
mod counts;
mod criterion_files;
mod criterion_pass;
mod descendants;
pub mod disturbance;
#[cfg(feature = "cli")]
pub mod doctor;
pub mod energy;
mod group;
mod hardware;
mod host;
pub mod placement;
#[cfg(feature = "cli")]
mod process_tree;
pub mod resources;
mod vcgencmd;

pub use build::build;
#[cfg(feature = "cli")]
pub(crate) use child::interruption;
pub(crate) use child::{Ended, OTHER_VERSION, end_with_parent, how_it_ended, run_child};
pub use child::{interrupted, watch_for_ctrl_c};
pub(crate) use copies::{can_be_copied, in_a_copy};
pub use counts::{
    Allocator, CALLGRIND_METRICS, FunctionCount, HeapUse, Instrumented, KEY_FIELDS, Profile, SizeClasses, Valgrind,
    callgrind, count_environment, find_valgrind, heap_environment, read_callgrind, read_functions,
    start_instrumentation, toggle_collection,
};
pub(crate) use counts::{BY_VECTORS, program_environment, read_callgrind_of_tree, read_functions_of_tree};
#[cfg(feature = "cli")]
pub(crate) use counts::{PLAIN_FILE, SIMULATION};
pub(crate) use criterion_files::count_criterion;
pub use criterion_files::{CriterionSample, read_criterion};
pub(crate) use criterion_pass::shuffle;
pub use criterion_pass::{LongSize, RecordedPass, criterion_pass};
pub(crate) use group::end_with_this_process;
pub use hardware::{InstructionCounter, instruction_counter};
pub use host::{host, named_class};
#[cfg(feature = "cli")]
pub(crate) use process_tree::{Adopted, End, LINGER, TreeEnded, adopt_orphans, end_descendants, run_tree};
pub use vcgencmd::Vcgencmd;
