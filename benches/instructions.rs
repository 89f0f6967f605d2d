//! Instructions of all workloads, at the sizes of `[instructions]` in `suite.toml`.
//!
//! The system's allocator stays in place here, unlike in the targets of wall time: Valgrind runs one thread at a time, and
//! `malloc` then repeats to the instruction.

use std::process::ExitCode;

use scalegate::bench::counts;

fn main() -> ExitCode {
    counts::main(HARNESS)
}

#[cfg(target_os = "linux")]
const HARNESS: Option<counts::Harness> = Some(counts::Harness { start: harness::start, run: harness::run });

/// Gungraun runs on Linux; elsewhere there is nothing to count with.
#[cfg(not(target_os = "linux"))]
const HARNESS: Option<counts::Harness> = None;

#[cfg(target_os = "linux")]
mod randomness {
    #![expect(unsafe_code, reason = "taking the place of a function of the C library")]

    /// Stands in for the system's source of randomness, so that hash maps have the same seed in every process.
    ///
    /// The seed decides the order in which tract visits its maps while it optimises a model, that the order in which memory
    /// is taken and returned, and that how long `malloc` searches. The standard library calls `getrandom` through a weak symbol
    /// for the sake of measurements like this one.
    #[unsafe(no_mangle)]
    extern "C" fn getrandom(buffer: *mut u8, length: usize, _flags: u32) -> isize {
        // SAFETY: the caller gives a buffer of that length, which is what `getrandom` (2) asks of it.
        unsafe { buffer.write_bytes(0x5a, length) };
        length.cast_signed()
    }
}

#[cfg(target_os = "linux")]
mod harness {
    use gungraun::{Callgrind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group};
    use scalegate::bench::counts;

    /// Nothing before the warm-up is counted, so that it need not be instrumented either.
    const INSTRUMENTATION: &str = if counts::CAN_START { "--instr-atstart=no" } else { "--instr-atstart=yes" };

    #[library_benchmark]
    #[benches::case(iter = counts::cases(), setup = counts::prepare)]
    fn count(case: counts::Ready) -> counts::Ready {
        case.run()
    }

    library_benchmark_group!(name = inference, benchmarks = count);
    gungraun::main!(
        config = LibraryBenchmarkConfig::default()
            .tool(Callgrind::with_args(["--branch-sim=yes", "--dump-line=no", INSTRUMENTATION]));
        library_benchmark_groups = inference
    );

    /// Gungraun's own `main`: describes the cases to the runner, or measures one of them.
    pub(super) fn start() {
        main();
    }

    /// Gungraun's runner.
    pub(super) fn run() -> Result<(), String> {
        gungraun_runner::runner::run::run().map_err(|error| format!("{error:#}"))
    }
}
