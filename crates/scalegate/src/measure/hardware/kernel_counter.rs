//! The system calls of `perf_event_open` (2), for one counter of this process.
#![expect(unsafe_code, reason = "neither libc nor nix has a safe interface to perf_event_open")]

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// What is counted: `PERF_TYPE_HARDWARE` with `PERF_COUNT_HW_INSTRUCTIONS` (`linux/perf_event.h`).
pub(super) const INSTRUCTIONS: Event = Event { kind: 0, config: 1 };

/// An event, as the kernel names it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Event {
    kind: u32,
    config: u64,
}

/// The first version of `struct perf_event_attr`, which every kernel reads: its size tells the version.
#[repr(C)]
struct Attributes {
    kind: u32,
    size: u32,
    config: u64,
    sample_period: u64,
    sample_type: u64,
    read_format: u64,
    flags: u64,
    wakeup_events: u32,
    breakpoint_type: u32,
    breakpoint_address: u64,
}

/// `PERF_ATTR_SIZE_VER0`.
const SIZE: u32 = 64;
const _: () = assert!(size_of::<Attributes>() == SIZE as usize);

/// `disabled`, `exclude_kernel` and `exclude_hv`: bits 0, 5 and 6 of the flags.
const USER_SPACE_WHEN_ENABLED: u64 = 1 | 1 << 5 | 1 << 6;
/// `PERF_FORMAT_TOTAL_TIME_ENABLED` and `PERF_FORMAT_TOTAL_TIME_RUNNING`.
const WITH_TIMES: u64 = 1 | 2;
/// `PERF_FLAG_FD_CLOEXEC`.
const CLOSE_ON_EXEC: libc::c_ulong = 8;

/// `linux/perf_event.h` numbers the requests for a counter.
mod request {
    nix::ioctl_none!(enable, b'$', 0);
    nix::ioctl_none!(disable, b'$', 1);
    nix::ioctl_none!(reset, b'$', 3);
}

/// A request without an argument.
type Request = unsafe fn(libc::c_int) -> nix::Result<libc::c_int>;

/// What a counter says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Count {
    /// How often the event happened.
    pub(super) value: u64,
    /// For how long the counter was enabled, in nanoseconds.
    pub(super) enabled_ns: u64,
    /// For how long it was on the processor meanwhile.
    pub(super) running_ns: u64,
}

/// A counter of this thread on whatever processor it runs, in user space.
#[derive(Debug)]
pub(super) struct KernelCounter(File);

impl KernelCounter {
    /// A counter that does not count yet.
    ///
    /// # Errors
    /// The kernel gives none.
    pub(super) fn open(event: Event) -> io::Result<Self> {
        let attributes = Attributes {
            kind: event.kind,
            size: SIZE,
            config: event.config,
            sample_period: 0,
            sample_type: 0,
            read_format: WITH_TIMES,
            // C lays bit fields out from the other end on such machines.
            flags: if cfg!(target_endian = "big") {
                USER_SPACE_WHEN_ENABLED.reverse_bits()
            } else {
                USER_SPACE_WHEN_ENABLED
            },
            wakeup_events: 0,
            breakpoint_type: 0,
            breakpoint_address: 0,
        };
        let (this_thread, any_processor, no_group): (libc::pid_t, libc::c_int, libc::c_int) = (0, -1, -1);
        // SAFETY: the kernel reads `size` bytes of the attributes, which is what they have, before the call is over. The other
        // arguments are numbers.
        let descriptor = unsafe {
            libc::syscall(
                libc::SYS_perf_event_open,
                &raw const attributes,
                this_thread,
                any_processor,
                no_group,
                CLOSE_ON_EXEC,
            )
        };
        match libc::c_int::try_from(descriptor) {
            // SAFETY: the kernel has opened this descriptor just now, and nothing else owns it.
            Ok(descriptor) if descriptor >= 0 => Ok(Self(unsafe { OwnedFd::from_raw_fd(descriptor) }.into())),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Starts to count from zero.
    ///
    /// # Errors
    /// The kernel refuses.
    pub(super) fn start(&self) -> io::Result<()> {
        self.ask(request::reset)?;
        self.ask(request::enable)
    }

    /// Stops, and gives what was counted.
    ///
    /// # Errors
    /// The kernel refuses.
    pub(super) fn stop(&mut self) -> io::Result<Count> {
        self.ask(request::disable)?;
        let mut bytes = [[0; 8]; 3];
        self.0.read_exact(bytes.as_flattened_mut())?;
        let [value, enabled_ns, running_ns] = bytes.map(u64::from_ne_bytes);
        Ok(Count { value, enabled_ns, running_ns })
    }

    fn ask(&self, request: Request) -> io::Result<()> {
        // SAFETY: the descriptor is that of a counter and open as long as the file is; these requests read and write no memory.
        unsafe { request(self.0.as_raw_fd()) }?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `PERF_TYPE_SOFTWARE` with `PERF_COUNT_SW_TASK_CLOCK`: nanoseconds on a processor, which virtual machines count too.
    const TASK_CLOCK: Event = Event { kind: 1, config: 1 };

    #[test]
    fn a_counter_counts_while_it_is_enabled_or_the_kernel_says_why_not() {
        let mut counter = match KernelCounter::open(TASK_CLOCK) {
            Ok(counter) => counter,
            Err(error) => {
                // As containers do; anything else would be a wrong argument.
                assert!(matches!(error.raw_os_error(), Some(libc::EPERM | libc::EACCES | libc::ENOSYS)), "{error}");
                return;
            }
        };
        let mut counts = Vec::new();
        for rounds in [1_000_000_u64, 10_000_000] {
            counter.start().unwrap();
            std::hint::black_box((0..rounds).fold(0, |sum, i| std::hint::black_box(sum ^ i)));
            let count = counter.stop().unwrap();
            assert!(count.value > 0 && count.running_ns == count.enabled_ns, "{count:?}");
            counts.push(count.value);
        }
        assert!(counts[1] > counts[0], "counts start from zero: {counts:?}");
    }
}
