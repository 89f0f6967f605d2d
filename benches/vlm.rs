//! Wall time of the vision-language model: `vlm/preprocess`, `vlm/encode`, `vlm/prompt`.

use std::process::ExitCode;

use scalegate::bench;
use scalegate::workload::Registry;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    bench::main("mimalloc", |suite| Registry::family(suite, "vlm"))
}
