//! Counts of instructions below Valgrind's callgrind, and of allocations by the program's own allocator.
//!
//! In: the `valgrind` on `PATH`, a program that runs one case, and the file that callgrind leaves. Out: exact counts per case, and what
//! they depend on beside the code. The parsers are pure; that there is no Valgrind is an answer here and not an error.

mod allocator;
mod callgrind;
mod environment;
mod function_name;
mod functions;
#[cfg(target_os = "linux")]
mod randomness;
mod request;
mod size_classes;
mod valgrind;

pub use allocator::{Allocator, HeapUse, Instrumented};
pub(crate) use callgrind::{BY_VECTORS, read_callgrind_of_tree};
pub use callgrind::{CALLGRIND_METRICS, callgrind, read_callgrind};
#[cfg(feature = "cli")]
pub(crate) use callgrind::{PLAIN_FILE, SIMULATION};
pub(crate) use environment::program_environment;
pub use environment::{KEY_FIELDS, count_environment, heap_environment};
pub(crate) use functions::read_functions_of_tree;
pub use functions::{FunctionCount, Profile, read_functions};
use request::CAN_START;
#[cfg(target_os = "linux")]
use request::runs_below_valgrind;
pub use request::{start_instrumentation, toggle_collection};
pub use size_classes::SizeClasses;
pub use valgrind::{Valgrind, find_valgrind};
