//! Reading a process's CPU time and memory from outside.

use std::path::PathBuf;

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use crate::measure::descendants::descendants;
use crate::{Error, Result};

/// What a poll of a process gives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// CPU time since the process began, in seconds.
    pub cpu_s: f64,
    /// Resident memory.
    pub rss_bytes: f64,
}

/// A process that is polled; nothing else of the machine is.
#[derive(Debug)]
pub struct Probe {
    pid: u32,
    source: Source,
}

/// Where a poll goes. On Linux sysinfo has CPU time from ticks of 10 ms, and reads a file of which nearly
/// nothing is needed; elsewhere it has milliseconds.
#[derive(Debug)]
enum Source {
    Kernel(kernel::Files),
    Sysinfo(Box<System>),
    /// The processes below it.
    Below(Below),
}

/// The processes below a process, and what it last said of those that have ended.
#[derive(Debug, Default)]
struct Below {
    reaped_s: f64,
}

impl Probe {
    /// A probe of a process of one's own, by the most exact way that this system has.
    ///
    /// # Errors
    /// The process is gone, or the system tells nothing of it.
    pub fn new(pid: u32) -> Result<Self> {
        match kernel::open(pid).map_err(|cause| unreadable(pid, &cause))? {
            Some(files) => Self::of(pid, Source::Kernel(files)),
            None => Self::portable(pid),
        }
    }

    /// A probe of a process of one's own by sysinfo, which runs on every system.
    ///
    /// # Errors
    /// As [`Probe::new`].
    pub fn portable(pid: u32) -> Result<Self> {
        let system = System::new().map_err(|error| unreadable(pid, &error.to_string()))?;
        Self::of(pid, Source::Sysinfo(Box::new(system)))
    }

    /// A probe of all processes below `pid`, one of one's own, and not of itself: of a driver of programs what it starts.
    ///
    /// What has ended is known by the ticks of `/proc/<pid>/stat`, which are 10 ms long.
    ///
    /// # Errors
    /// As [`Probe::new`].
    pub fn below(pid: u32) -> Result<Self> {
        Self::of(pid, Source::Below(Below::default()))
    }

    fn of(pid: u32, source: Source) -> Result<Self> {
        let mut probe = Self { pid, source };
        probe.read()?;
        Ok(probe)
    }

    /// Polls the process.
    ///
    /// # Errors
    /// The process is gone.
    pub fn read(&mut self) -> Result<Reading> {
        let reading = match &mut self.source {
            Source::Kernel(files) => files.read(),
            Source::Sysinfo(system) => refresh(system, Pid::from_u32(self.pid)),
            Source::Below(below) => below.read(self.pid),
        };
        reading.map_err(|cause| unreadable(self.pid, &cause))
    }

    /// Of what was last read, the CPU time of children that have ended, in seconds; 0 for a process that is read as one.
    pub fn reaped_s(&self) -> f64 {
        if let Source::Below(below) = &self.source { below.reaped_s } else { 0.0 }
    }

    /// Lets the kernel forget the peak of the process's memory so far; `false` where it cannot, and for several processes.
    pub fn forget_peak(&self) -> bool {
        if matches!(self.source, Source::Below(_)) {
            return false;
        }
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

impl Below {
    /// The sum over those that run, and what those have used that ended. One that ends meanwhile is in the next reading.
    fn read(&mut self, pid: u32) -> Result<Reading, String> {
        let reaped = |pid| kernel::reaped_s(pid);
        self.reaped_s = reaped(pid)?;
        let mut sum = Reading { cpu_s: self.reaped_s, rss_bytes: 0.0 };
        for below in descendants(pid) {
            let (Ok(reading), Ok(reaped_s)) = (kernel::one(below), reaped(below)) else { continue };
            sum.cpu_s += reading.cpu_s + reaped_s;
            sum.rss_bytes += reading.rss_bytes;
        }
        Ok(sum)
    }
}

fn refresh(system: &mut System, pid: Pid) -> Result<Reading, String> {
    let kinds = ProcessRefreshKind::nothing().with_memory().with_cpu();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, kinds);
    let process = system.process(pid).ok_or("the process is gone")?;
    Ok(Reading { cpu_s: process.accumulated_cpu_time() as f64 / 1e3, rss_bytes: process.memory() as f64 })
}

/// The second number of a `/proc/<pid>/statm`.
#[cfg(any(target_os = "linux", test))]
fn resident_pages(statm: &[u8]) -> Option<f64> {
    std::str::from_utf8(statm).ok()?.split_whitespace().nth(1)?.parse().ok()
}

/// `cutime` and `cstime` of a `/proc/<pid>/stat`, after the name, which may have any character.
#[cfg(any(target_os = "linux", test))]
fn reaped_ticks(stat: &str) -> Option<f64> {
    let (_, after) = stat.rsplit_once(')')?;
    let mut fields = after.split_whitespace().skip(13);
    let mut next = || fields.next()?.parse::<f64>().ok();
    Some(next()? + next()?)
}

#[cfg(target_os = "linux")]
mod kernel {
    use std::fs::File;
    use std::os::unix::fs::FileExt;

    use nix::time::ClockId;
    use nix::unistd::{Pid, SysconfVar, sysconf};

    use super::Reading;

    /// The clock of a process's CPU time in nanoseconds, of all its threads, those that have ended among them; and
    /// the file of its memory in pages.
    #[derive(Debug)]
    pub(super) struct Files {
        clock: ClockId,
        statm: File,
        page_bytes: f64,
    }

    pub(super) fn open(pid: u32) -> Result<Option<Files>, String> {
        let id = i32::try_from(pid).map_err(|error| error.to_string())?;
        let clock = ClockId::pid_cpu_clock_id(Pid::from_raw(id)).map_err(|error| error.to_string())?;
        let path = format!("/proc/{pid}/statm");
        let statm = File::open(&path).map_err(|error| format!("{path}: {error}"))?;
        let page = sysconf(SysconfVar::PAGE_SIZE).ok().flatten().ok_or("the system does not tell its page size")?;
        Ok(Some(Files { clock, statm, page_bytes: page as f64 }))
    }

    /// One reading of a process.
    pub(super) fn one(pid: u32) -> Result<Reading, String> {
        open(pid)?.ok_or("it is gone")?.read()
    }

    /// CPU time of the children that a process has waited for, and of theirs.
    pub(super) fn reaped_s(pid: u32) -> Result<f64, String> {
        let path = format!("/proc/{pid}/stat");
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
        let ticks = super::reaped_ticks(&text).ok_or_else(|| format!("{path} tells no time of children"))?;
        let each = sysconf(SysconfVar::CLK_TCK).ok().flatten().ok_or("the system does not tell its ticks")?;
        Ok(ticks / each as f64)
    }

    impl Files {
        pub(super) fn read(&self) -> Result<Reading, String> {
            let time = self.clock.now().map_err(|error| error.to_string())?;
            let mut text = [0; 128];
            let length = self.statm.read_at(&mut text, 0).map_err(|error| error.to_string())?;
            let pages = super::resident_pages(&text[..length]).ok_or("its statm file tells no memory")?;
            let cpu_s = time.tv_sec() as f64 + time.tv_nsec() as f64 / 1e9;
            Ok(Reading { cpu_s, rss_bytes: pages * self.page_bytes })
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod kernel {
    use super::Reading;

    /// There are no such files here.
    #[derive(Debug)]
    pub(super) enum Files {}

    impl Files {
        pub(super) fn read(&self) -> Result<Reading, String> {
            match *self {}
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "as on Linux")]
    pub(super) fn open(_: u32) -> Result<Option<Files>, String> {
        Ok(None)
    }

    pub(super) fn one(pid: u32) -> Result<Reading, String> {
        let mut system = sysinfo::System::new().map_err(|error| error.to_string())?;
        super::refresh(&mut system, sysinfo::Pid::from_u32(pid))
    }

    /// What has ended is told by the process that waited for it, at the end of a window.
    #[expect(clippy::unnecessary_wraps, reason = "as on Linux")]
    pub(super) fn reaped_s(_: u32) -> Result<f64, String> {
        Ok(0.0)
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
    fn resident_memory_is_the_second_number_of_statm() {
        assert_eq!(resident_pages(b"765 435 407 5 0 123 0\n"), Some(435.0));
        assert_eq!(resident_pages(b""), None);
    }

    #[test]
    fn the_time_of_ended_children_stands_after_a_name_of_any_characters() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194304 2 3 0 0 11 12 130 14 20 0 1 0 99 1 1";
        assert_eq!(reaped_ticks(stat), Some(144.0));
        assert_eq!(reaped_ticks("7 (sh) S 1"), None);
    }

    #[test]
    fn a_probe_of_this_process_sees_time_pass_and_memory() {
        for probe in [Probe::new(std::process::id()), Probe::portable(std::process::id())] {
            let mut probe = probe.unwrap();
            let before = probe.read().unwrap();
            std::hint::black_box((0..200_000_000_u64).fold(0, |sum, i| std::hint::black_box(sum ^ i)));
            let after = probe.read().unwrap();
            assert!(after.cpu_s > before.cpu_s && after.rss_bytes > 0.0, "{before:?} {after:?}");
        }
    }

    #[test]
    fn a_process_that_is_gone_is_an_error() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = child.id();
        child.wait().unwrap();
        let mut messages = Vec::new();
        for probe in [Probe::new(pid), Probe::portable(pid)] {
            let message = probe.unwrap_err().to_string();
            messages.push(message.replace(&format!("process {pid}"), "process [pid]"));
        }
        insta::assert_snapshot!(messages.join("\n"), @"
        process [pid]: it cannot be sampled: ESRCH: No such process
          help: measure again
        process [pid]: it cannot be sampled: the process is gone
          help: measure again
        ");
    }
}
