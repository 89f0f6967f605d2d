//! The `scalegate` command.

use std::process::ExitCode;

/// The allocator of the benches; `CONTRIBUTING.md` says why, and how to see what it does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    scalegate::cli::main()
}
