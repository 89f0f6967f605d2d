//! The same hash maps in every counted process.
#![expect(unsafe_code, reason = "taking the place of a function of the C library")]

use super::runs_below_valgrind;

/// Stands in for the system's source of randomness while instructions are counted, so that hash maps have the same seed in
/// every process; otherwise it asks the kernel, as the C library does.
///
/// The seed decides in which order a program visits its maps, and how long it searches them. The standard library calls
/// `getrandom` through a weak symbol for the sake of measurements like this one.
#[unsafe(no_mangle)]
extern "C" fn getrandom(buffer: *mut u8, length: usize, flags: u32) -> isize {
    if runs_below_valgrind() {
        // SAFETY: the caller gives a buffer of that length, which is what `getrandom` (2) asks of it.
        unsafe { buffer.write_bytes(0x5a, length) };
        return length.cast_signed();
    }
    // SAFETY: the arguments are those of the system call, and the caller warrants the buffer.
    unsafe { libc::syscall(libc::SYS_getrandom, buffer, length, flags) as isize }
}
