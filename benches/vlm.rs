//! Wall time of the vision-language model: `vlm/preprocess`, `vlm/encode`, `vlm/prompt`.

use std::process::ExitCode;

use scalegate::Instrument;
use scalegate_suite::workload::target;

fn main() -> ExitCode {
    target(scalegate::bench!("vlm", allocator = mimalloc::MiMalloc), &[Instrument::Clock], |family| family == "vlm")
        .run()
}
