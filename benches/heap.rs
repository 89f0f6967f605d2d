//! Heap allocations of all workloads, at the sizes of `[instructions]` in `suite.toml`.

use std::process::ExitCode;

use scalegate::bench::heap::{self, HeapUse};

/// Counts every call; it belongs to this target alone, since counting takes time.
#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

fn main() -> ExitCode {
    heap::main(|inference| {
        let _profiler = dhat::Profiler::builder().testing().build();
        inference();
        let stats = dhat::HeapStats::get();
        HeapUse { bytes: stats.total_bytes, blocks: stats.total_blocks }
    })
}
