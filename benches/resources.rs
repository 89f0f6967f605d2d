//! Processor time, memory and energy of all workloads, at the sizes of `[resources]` in `suite.toml`.

use std::process::ExitCode;

use scalegate::bench::resources::{self, Allocator};
use scalegate::workload::Registry;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    resources::main(Allocator { name: "mimalloc", release: heap::release }, Registry::all)
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
