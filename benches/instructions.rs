//! Instructions of all workloads, at the sizes of `[instructions]` in `suite.toml`.
//!
//! The allocator is one for counting: that of the system takes more or less instructions for what was allocated before the
//! measured part. Bytes of the heap are counted by the target `heap`.

use std::process::ExitCode;

use scalegate::bench::counts::{self, SizeClasses};

#[global_allocator]
static ALLOCATOR: SizeClasses = SizeClasses::new();

fn main() -> ExitCode {
    counts::main(SizeClasses::NAME, HARNESS)
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
    /// The seed decides the order in which tract visits its maps while it optimises a model, and how long it searches them
    /// later. The standard library calls `getrandom` through a weak symbol for the sake of measurements like this one.
    #[unsafe(no_mangle)]
    extern "C" fn getrandom(buffer: *mut u8, length: usize, _flags: u32) -> isize {
        // SAFETY: the caller gives a buffer of that length, which is what `getrandom` (2) asks of it.
        unsafe { buffer.write_bytes(0x5a, length) };
        length.cast_signed()
    }
}

#[cfg(target_os = "linux")]
mod comparison {
    #![expect(unsafe_code, reason = "taking the place of functions of the C library")]

    /// Stands in for the C library's, which takes more instructions where an address is near the end of a page: that depends on
    /// what was allocated before, and on where a constant lies in the program.
    ///
    /// # Safety
    /// As C has it: both are readable for `length` bytes.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn memcmp(left: *const u8, right: *const u8, length: usize) -> i32 {
        let mut at = 0;
        // SAFETY: every read ends at or before `length`, up to which the caller warrants memory.
        unsafe {
            while at + 8 <= length
                && left.add(at).cast::<u64>().read_unaligned() == right.add(at).cast::<u64>().read_unaligned()
            {
                at += 8;
            }
            while at < length {
                let (a, b) = (left.add(at).read(), right.add(at).read());
                if a != b {
                    return i32::from(a) - i32::from(b);
                }
                at += 1;
            }
        }
        0
    }

    /// The same, where only equality is asked for.
    ///
    /// # Safety
    /// As [`memcmp`].
    #[unsafe(no_mangle)]
    unsafe extern "C" fn bcmp(left: *const u8, right: *const u8, length: usize) -> i32 {
        // SAFETY: as the caller warrants.
        unsafe { memcmp(left, right, length) }
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
