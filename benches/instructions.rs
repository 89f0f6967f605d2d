//! Instructions of all workloads, at the sizes of `[instructions]` in `suite.toml`.
//!
//! The allocator is one for counting: that of the system takes more or less instructions for what was allocated before the
//! measured part. Bytes of the heap are counted by the target `heap`.

use std::process::ExitCode;

use scalegate::{Instrument, SizeClasses};
use scalegate_suite::workload::target;

#[global_allocator]
static ALLOCATOR: SizeClasses = SizeClasses::new();

fn main() -> ExitCode {
    let bench = scalegate::bench_target!("instructions").allocator(SizeClasses::NAME, None);
    target(bench, &[Instrument::Callgrind, Instrument::Processor], |_| true).run()
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
