//! Wall time of the language model: `llm/prefill`, `llm/decode`, `llm/generate`.

use std::process::ExitCode;

use scalegate::bench;
use scalegate::workload::Registry;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    bench::main("mimalloc", |suite| Registry::family(suite, "llm"))
}
