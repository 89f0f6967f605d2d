//! The `scalegate` command.

use std::process::ExitCode;

/// glibc's allocator makes tract bimodal per process; see `CONTRIBUTING.md`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    scalegate::cli::main()
}
