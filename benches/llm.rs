//! Wall time of the language model: `llm/prefill`, `llm/decode`, `llm/generate`.

use std::process::ExitCode;

use scalegate::Instrument;
use scalegate_suite::workload::target;

fn main() -> ExitCode {
    target(scalegate::bench!("llm", allocator = mimalloc::MiMalloc), &[Instrument::Clock], |family| family == "llm")
        .run()
}
