//! Performance regression tests for how cost scales with the size of the input.
//!
//! A bench target names workloads and sizes ([`bench!`]); `cargo bench` measures wall time, instructions, heap and resources over
//! these, records the raw samples, and fits the law that the cost follows. The `scalegate` command accepts a run as a baseline and
//! fails the change that breaks the law.
//!
//! ```no_run
//! use scalegate::Axis;
//!
//! fn main() -> std::process::ExitCode {
//!     scalegate::bench!("sorting")
//!         .workload("sort/stable", Axis::new("items"), [1_000, 2_000, 4_000, 8_000, 16_000, 32_000], |n| {
//!             let input: Vec<u64> = (0..n).rev().collect();
//!             move || {
//!                 let mut sorted = input.clone();
//!                 sorted.sort();
//!                 sorted
//!             }
//!         })
//!         .run()
//! }
//! ```
//!
//! Data flows one way through the modules, and imports follow it backwards only:
//!
//! ```text
//! bench ─▶ session ─▶ measure ─▶ record ─▶ law ─▶ gate ─▶ report
//!          (workload, config)    (baseline, import) (analysis)  (export, cli)
//! ```

pub mod analysis;
#[cfg(feature = "cli")]
pub mod artifacts;
mod axis;
pub mod baseline;
pub mod bench;
pub mod bounded;
#[cfg(feature = "cli")]
pub mod ci;
#[cfg(feature = "cli")]
pub mod cli;
pub mod config;
pub mod error;
#[cfg(feature = "cli")]
pub mod export;
pub mod gate;
#[cfg(feature = "cli")]
pub mod import;
#[cfg(feature = "cli")]
pub mod init;
pub mod law;
pub mod measure;
pub mod metric;
#[cfg(test)]
mod mutate;
pub mod output;
pub mod paths;
#[cfg(feature = "cli")]
mod program;
pub mod progress;
pub mod record;
pub mod report;
mod resolution;
#[cfg(feature = "cli")]
pub mod revisions;
#[cfg(test)]
mod schema;
#[cfg(feature = "cli")]
mod server;
pub mod session;
mod sha256;
mod temporary;
pub mod terminal;
pub mod time;
#[cfg(feature = "cli")]
mod token_ids;
#[cfg_attr(not(feature = "cli"), expect(dead_code, reason = "only the command shows the rest"))]
pub mod units;
#[cfg(feature = "cli")]
pub mod why;
pub mod workload;

pub use axis::Axis;
pub use bench::{Bench, Measured, Package};
#[doc(hidden)]
pub use bench::{TARGET_MARK, allocator_name};
pub use error::{Error, Result};
pub use measure::{Allocator, SizeClasses};
pub use resolution::Resolution;
pub use session::Instrument;
pub use workload::{Prepared, Workload};
