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

mod part;
mod request;
mod target;

pub use request::Request;
pub use target::main;
