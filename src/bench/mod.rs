//! What a bench target calls: measure in rounds, record, fit, and say what came out.
//!
//! ```no_run
//! use scalegate::bench;
//! use scalegate::workload::Registry;
//!
//! #[global_allocator]
//! static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
//!
//! fn main() -> std::process::ExitCode {
//!     bench::main("mimalloc", |suite| Registry::family(suite, "llm"))
//! }
//! ```

pub mod accuracy;
mod cases;
mod counted;
pub mod counts;
mod hardware;
pub mod heap;
mod part;
mod program;
mod record;
mod request;
pub mod resources;
mod sampled;
mod sampled_series;
mod wall_time;

pub use program::Program;
pub(crate) use record::show;
pub use request::{Request, Step};
pub use wall_time::main;
