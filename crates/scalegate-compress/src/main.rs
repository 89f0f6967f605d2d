//! The commands `compress` and `accuracy`.

use std::process::ExitCode;

/// Large tensors come and go; `CONTRIBUTING.md` says why the system's allocator is not taken for them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    scalegate_compress::cli::main()
}
