//! Counts from Valgrind's callgrind through Gungraun (the current name of iai-callgrind), and the allocator that a counted
//! program has.
//!
//! In: Gungraun's summary files, and the `valgrind` on `PATH`. Out: exact counts per case, and what they depend on beside
//! the code. The parsers are pure; that there is no Valgrind is an answer here and not an error.

mod allocator;
mod environment;
mod request;
mod summary;
mod valgrind;

pub use allocator::SizeClasses;
pub use environment::{KEY_FIELDS, count_environment, heap_environment};
pub use request::{CAN_START, start_instrumentation};
pub use summary::{CaseCounts, read_summaries};
pub use valgrind::{Valgrind, find_valgrind};
