//! Telling Valgrind, from inside the measured process, when to start.
#![expect(unsafe_code, reason = "a client request is a sequence of instructions that only Valgrind gives a meaning to")]

/// `VG_USERREQ_TOOL_BASE('C', 'T') + 4` of `callgrind.h`.
const START_INSTRUMENTATION: usize = ((b'C' as usize) << 24 | (b'T' as usize) << 16) + 4;

/// `VG_USERREQ__RUNNING_ON_VALGRIND` of `valgrind.h`.
#[cfg(any(target_os = "linux", test))]
const RUNNING_ON_VALGRIND: usize = 0x1001;

/// `VG_USERREQ_TOOL_BASE('C', 'T') + 2` of `callgrind.h`.
const TOGGLE_COLLECT: usize = ((b'C' as usize) << 24 | (b'T' as usize) << 16) + 2;

/// Whether this process runs below Valgrind.
#[cfg(any(target_os = "linux", test))]
pub(super) fn runs_below_valgrind() -> bool {
    request(&[RUNNING_ON_VALGRIND, 0, 0, 0, 0, 0]) > 0
}

/// Callgrind adds up what this thread executes from here to the next call, if it was started with `--collect-atstart=no`.
#[inline]
pub fn toggle_collection() {
    request(&[TOGGLE_COLLECT, 0, 0, 0, 0, 0]);
}

/// Callgrind instruments from here on. Outside of Valgrind this does nothing, as it does on processors whose request
/// sequence is not written here; there callgrind has to instrument from the start.
///
/// Loading a model takes some 200 million instructions, which take Valgrind three times as long when they are
/// instrumented, and none of them counts.
pub fn start_instrumentation() {
    request(&[START_INSTRUMENTATION, 0, 0, 0, 0, 0]);
}

/// Whether [`start_instrumentation`] does anything on this processor.
pub(super) const CAN_START: bool = cfg!(any(target_arch = "x86_64", target_arch = "aarch64"));

/// The sequence of `valgrind.h` for amd64: rotations that cancel out, and an exchange of a register with itself.
#[cfg(target_arch = "x86_64")]
fn request(arguments: &[usize; 6]) -> usize {
    let answer: usize;
    // SAFETY: the rotations add up to 128 bits, so that rdi is as before; rdx receives the answer, which is 0 outside of
    // Valgrind. Valgrind reads the six words after rax.
    unsafe {
        std::arch::asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") arguments.as_ptr(),
            inout("rdx") 0usize => answer,
            options(nostack),
        );
    }
    answer
}

/// The sequence of `valgrind.h` for arm64; not yet run on such a machine.
#[cfg(target_arch = "aarch64")]
fn request(arguments: &[usize; 6]) -> usize {
    let answer: usize;
    // SAFETY: as above, with x12, x4 and x3 in the places of rdi, rax and rdx.
    unsafe {
        std::arch::asm!(
            "ror x12, x12, #3",
            "ror x12, x12, #13",
            "ror x12, x12, #51",
            "ror x12, x12, #61",
            "orr x10, x10, x10",
            in("x4") arguments.as_ptr(),
            inout("x3") 0usize => answer,
            options(nostack),
        );
    }
    answer
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn request(_: &[usize; 6]) -> usize {
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_outside_of_valgrind_changes_nothing() {
        start_instrumentation();
        toggle_collection();
        assert!(!runs_below_valgrind());
    }
}
