//! Heap allocations of all workloads, at the sizes of `[instructions]` in `suite.toml`.

use std::process::ExitCode;

use scalegate::Instrument;
use scalegate_suite::workload::target;

fn main() -> ExitCode {
    target(scalegate::bench!("heap"), &[Instrument::Heap], |_| true).run()
}
