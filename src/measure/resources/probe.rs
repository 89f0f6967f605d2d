//! Reading a process's processor time and memory from outside.

use std::path::PathBuf;

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use crate::{Error, Result};

/// What a look at a process tells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// Processor time since the process began, in seconds.
    pub cpu_s: f64,
    /// Resident memory.
    pub rss_bytes: f64,
}

/// A process that is looked at; nothing else of the machine is.
#[derive(Debug)]
pub struct Probe {
    pid: Pid,
    system: System,
    clock: Option<cpu_clock::Clock>,
}

impl Probe {
    /// A probe of a process of one's own.
    ///
    /// # Errors
    /// The process is gone, or the system tells nothing of it.
    pub fn new(pid: u32) -> Result<Self> {
        let system = System::new().map_err(|error| unreadable(pid, &error.to_string()))?;
        let clock = cpu_clock::of(pid).map_err(|cause| unreadable(pid, &cause))?;
        let mut probe = Self { pid: Pid::from_u32(pid), system, clock };
        probe.read()?;
        Ok(probe)
    }

    /// Looks at the process. On Linux the processor time is that of its clock in nanoseconds; sysinfo has it from ticks
    /// of 10 ms there, and in milliseconds elsewhere.
    ///
    /// # Errors
    /// The process is gone.
    pub fn read(&mut self) -> Result<Reading> {
        let precise = self.clock.map(cpu_clock::Clock::seconds).transpose();
        let precise = precise.map_err(|cause| unreadable(self.pid.as_u32(), &cause))?;
        let kinds = ProcessRefreshKind::nothing().with_memory();
        let kinds = if precise.is_none() { kinds.with_cpu() } else { kinds };
        self.system.refresh_processes_specifics(ProcessesToUpdate::Some(&[self.pid]), true, kinds);
        let process =
            self.system.process(self.pid).ok_or_else(|| unreadable(self.pid.as_u32(), "the process is gone"))?;
        let cpu_s = precise.unwrap_or_else(|| process.accumulated_cpu_time() as f64 / 1e3);
        Ok(Reading { cpu_s, rss_bytes: process.memory() as f64 })
    }

    /// Lets the kernel forget the peak of the process's memory so far; `false` where it cannot.
    pub fn forget_peak(&self) -> bool {
        // 5 resets the peak, see proc_pid_clear_refs(5).
        std::fs::write(self.file("clear_refs"), "5").is_ok()
    }

    /// The kernel's own peak of the resident memory in bytes, since it was last forgotten.
    pub fn peak_bytes(&self) -> Option<f64> {
        peak_bytes(&std::fs::read_to_string(self.file("status")).ok()?)
    }

    fn file(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.pid))
    }
}

fn unreadable(pid: u32, cause: &str) -> Error {
    Error::new(format!("process {pid}"), format!("it cannot be sampled: {cause}"), "measure again")
}

/// `VmHWM` of a `/proc/<pid>/status`, in bytes.
fn peak_bytes(status: &str) -> Option<f64> {
    let value = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: f64 = value.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    Some(kibibytes * 1024.0)
}

#[cfg(target_os = "linux")]
mod cpu_clock {
    use nix::time::ClockId;
    use nix::unistd::Pid;

    /// The clock of a process's processor time, of all its threads, those that have ended among them.
    #[derive(Debug, Clone, Copy)]
    pub(super) struct Clock(ClockId);

    impl Clock {
        pub(super) fn seconds(self) -> Result<f64, String> {
            let time = self.0.now().map_err(|error| error.to_string())?;
            Ok(time.tv_sec() as f64 + time.tv_nsec() as f64 / 1e9)
        }
    }

    pub(super) fn of(pid: u32) -> Result<Option<Clock>, String> {
        let pid = i32::try_from(pid).map_err(|error| error.to_string())?;
        ClockId::pid_cpu_clock_id(Pid::from_raw(pid)).map(|id| Some(Clock(id))).map_err(|error| error.to_string())
    }
}

#[cfg(not(target_os = "linux"))]
mod cpu_clock {
    /// There is no such clock here.
    #[derive(Debug, Clone, Copy)]
    pub(super) enum Clock {}

    impl Clock {
        pub(super) fn seconds(self) -> Result<f64, String> {
            match self {}
        }
    }

    pub(super) fn of(_: u32) -> Result<Option<Clock>, String> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_read_from_the_status_of_a_process() {
        let status = "Name:\tllm\nVmPeak:\t  412345 kB\nVmHWM:\t   13488 kB\nVmRSS:\t   13000 kB\n";
        assert_eq!(peak_bytes(status), Some(13488.0 * 1024.0));
        assert_eq!(peak_bytes("Name:\tllm\n"), None);
        assert_eq!(peak_bytes("VmHWM:\t lots\n"), None);
    }

    #[test]
    fn a_probe_of_this_process_sees_time_pass_and_memory() {
        let mut probe = Probe::new(std::process::id()).unwrap();
        let before = probe.read().unwrap();
        let work: u64 = (0..30_000_000u64).map(std::hint::black_box).fold(0, u64::wrapping_add);
        let after = probe.read().unwrap();
        assert!(work > 0 && after.cpu_s > before.cpu_s && after.rss_bytes > 0.0, "{before:?} {after:?}");
    }

    #[test]
    fn a_process_that_is_gone_is_an_error() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = child.id();
        child.wait().unwrap();
        let message = Probe::new(pid).unwrap_err().to_string();
        assert!(message.contains(&format!("process {pid}: it cannot be sampled")), "{message}");
    }
}
