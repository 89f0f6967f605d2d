//! CPU time, memory and energy of all workloads, at the sizes of `[resources]` in `suite.toml`.

use std::process::ExitCode;

use scalegate::Instrument;
use scalegate_suite::workload::target;

fn main() -> ExitCode {
    let bench = scalegate::bench!("resources", allocator = mimalloc::MiMalloc).release(heap::release);
    target(bench, &[Instrument::Sampler], |_| true).run()
}

mod heap {
    #![expect(unsafe_code, reason = "mimalloc's safe wrapper lacks this call")]

    unsafe extern "C" {
        /// Frees what can be freed, and with `force` gives it back to the system.
        fn mi_collect(force: bool);
    }

    /// Gives memory that is not in use back to the system.
    pub(super) fn release() {
        // SAFETY: mimalloc is this program's allocator, and any thread may call this at any time.
        unsafe { mi_collect(true) }
    }
}
