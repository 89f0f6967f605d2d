//! Perplexity of the models that `[accuracy]` in `suite.toml` names.

use std::process::ExitCode;

use scalegate::bench::accuracy;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    accuracy::main()
}
