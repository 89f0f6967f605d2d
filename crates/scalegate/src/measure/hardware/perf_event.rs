//! Linux: `perf_event_open` (2).

use std::io;
use std::path::Path;

use super::InstructionCounter;
use super::kernel_counter::{INSTRUCTIONS, KernelCounter};

/// The kernel's setting of who may read counters.
const PARANOID: &str = "/proc/sys/kernel/perf_event_paranoid";

/// A program may count its own instructions in user space up to this level.
const OWN_USER_SPACE: i32 = 2;

pub(super) struct PerfEvent {
    counter: KernelCounter,
}

impl PerfEvent {
    pub(super) fn open() -> Result<Self, String> {
        let opened = KernelCounter::open(INSTRUCTIONS);
        let counter = opened.map_err(|error| explain(&error, paranoid(Path::new(PARANOID))))?;
        Ok(Self { counter })
    }
}

impl InstructionCounter for PerfEvent {
    fn start(&mut self) -> Result<(), String> {
        self.counter.start().map_err(|error| unreadable(&error))
    }

    fn stop(&mut self) -> Result<u64, String> {
        let count = self.counter.stop().map_err(|error| unreadable(&error))?;
        whole(count.value, count.enabled_ns, count.running_ns)
    }
}

fn unreadable(error: &io::Error) -> String {
    format!("the instruction counter cannot be read: {error}")
}

fn paranoid(path: &Path) -> Option<i32> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// Why the kernel gave no counter, and what to do.
fn explain(error: &io::Error, paranoid: Option<i32>) -> String {
    match (error.kind(), paranoid) {
        (io::ErrorKind::PermissionDenied, Some(level)) if level > OWN_USER_SPACE => format!(
            "kernel.perf_event_paranoid is {level}, which forbids a program to count its own instructions; \
             `sudo sysctl kernel.perf_event_paranoid={OWN_USER_SPACE}` allows it until the next start"
        ),
        (io::ErrorKind::PermissionDenied, _) => {
            format!("perf_event_open is forbidden ({error}), as containers do; allow it there or measure outside of it")
        }
        (io::ErrorKind::NotFound | io::ErrorKind::Unsupported, _) => {
            "this machine shows no instruction counter, as virtual machines do; measure on the host itself".to_owned()
        }
        _ => format!("perf_event_open: {error}"),
    }
}

/// The count, if the counter was on the processor all the time; another user of counters makes the kernel take turns.
fn whole(count: u64, enabled_ns: u64, running_ns: u64) -> Result<u64, String> {
    if running_ns < enabled_ns {
        return Err(format!(
            "the counter ran for {running_ns} of {enabled_ns} ns, since something else counts too; end the other profiler"
        ));
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forbidden_counter_names_the_setting_and_the_remedy() {
        let forbidden = io::Error::from(io::ErrorKind::PermissionDenied);
        let words = explain(&forbidden, Some(4));
        insta::assert_snapshot!(words, @"kernel.perf_event_paranoid is 4, which forbids a program to count its own instructions; `sudo sysctl kernel.perf_event_paranoid=2` allows it until the next start");
        let words = explain(&forbidden, Some(2));
        insta::assert_snapshot!(words, @"perf_event_open is forbidden (permission denied), as containers do; allow it there or measure outside of it");
    }

    #[test]
    fn a_machine_without_counters_says_so() {
        let words = explain(&io::Error::from(io::ErrorKind::NotFound), Some(2));
        insta::assert_snapshot!(words, @"this machine shows no instruction counter, as virtual machines do; measure on the host itself");
    }

    #[test]
    fn a_count_that_was_interrupted_is_no_count() {
        assert_eq!(whole(5, 100, 100), Ok(5));
        insta::assert_snapshot!(whole(5, 100, 40).unwrap_err(), @"the counter ran for 40 of 100 ns, since something else counts too; end the other profiler");
    }

    #[test]
    fn the_setting_is_read_from_its_file() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("perf_event_paranoid");
        assert_eq!(paranoid(&file), None);
        std::fs::write(&file, "4\n").unwrap();
        assert_eq!(paranoid(&file), Some(4));
    }
}
