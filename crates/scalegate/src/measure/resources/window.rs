//! One case from start to end: idle, inferences, idle.

use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use serde::{Deserialize, Serialize};

use super::{Dialogue, Probe, Rate, Sampler, Trace};
use crate::{Error, Result};

/// The words between a measured process and its parent. The child speaks first.
pub mod words {
    /// The child: started, and nothing loaded yet.
    pub const STARTED: &str = "started";
    /// The parent: load what is measured.
    pub const LOAD: &str = "load";
    /// The child: prepared, warmed up, and waiting.
    pub const READY: &str = "ready";
    /// The parent: run inferences. The child answers with its [`ChildReport`](super::ChildReport) as JSON.
    pub const GO: &str = "go";
    /// The parent: give unused memory back and wait. The child answers with the same word.
    pub const REST: &str = "rest";
    /// The parent: end.
    pub const END: &str = "end";
}

/// What a measured process says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChildReport {
    /// Inferences in the window.
    pub inferences: u64,
    /// CPU time of the whole window, as the process's own getrusage has it, in seconds.
    pub cpu_s: f64,
    /// The part of it that brought back the state between inferences, which is no part of them.
    pub reset_cpu_s: f64,
    /// Of processes that the measured one starts: CPU time of those that ended within the window, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reaped_cpu_s: Option<f64>,
    /// Of processes that the measured one starts: the largest resident memory of any, by the kernel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_bytes: Option<f64>,
}

/// What is sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watched {
    /// The process that is started.
    Process,
    /// All processes that it starts, and not itself.
    Below,
}

/// What the sampler saw of one case.
#[derive(Debug, Clone, PartialEq)]
pub struct Windows {
    /// Resident memory before anything was loaded, in bytes.
    pub unloaded_bytes: f64,
    /// Loaded, and doing nothing.
    pub before: Trace,
    /// Running inferences.
    pub busy: Trace,
    /// Doing nothing again.
    pub after: Trace,
    /// The kernel's own peak of the resident memory in `busy`, where it can tell.
    pub peak_bytes: Option<f64>,
    /// What the process says of `busy`.
    pub report: ChildReport,
    /// The time that the times of the samples count from, in seconds since 1970.
    pub start_unix_s: f64,
}

/// What happens beside the samples.
pub trait Observer {
    /// Called with the time of each sample, in seconds since 1970.
    fn sample(&mut self, pid: u32, unix_s: f64);
    /// Called when the inferences begin.
    fn begin(&mut self) {}
    /// Called when they have ended.
    fn finish(&mut self) {}
}

/// Starts `command`, which has to speak the [`words`], and samples it through its windows.
///
/// # Errors
/// The error of the child, or how it ended; or Ctrl-C.
pub fn take_windows(
    place: &str,
    command: Command,
    watched: Watched,
    rate: Rate,
    idle: Duration,
    observer: &mut impl Observer,
) -> Result<Windows> {
    let mut child = Dialogue::start(place, command)?;
    child.expect(words::STARTED)?;
    let pid = child.pid();
    let mut probe = match watched {
        Watched::Process => Probe::new(pid)?,
        Watched::Below => Probe::below(pid)?,
    };
    let unloaded_bytes = probe.read()?.rss_bytes;
    child.say(words::LOAD);
    child.expect(words::READY)?;
    let mut sampler = Sampler::new(probe, rate);
    let start_unix_s = unix_s()? - sampler.start().elapsed().as_secs_f64();
    let quiet = |child: &mut Dialogue, sampler: &mut Sampler, observer: &mut dyn Observer| {
        let also = |time_s| observer.sample(pid, start_unix_s + time_s);
        match sampler.until(child.lines(), Some(idle), || (), also)? {
            (trace, None) => Ok(trace),
            (_, heard) => Err(child.unexpected(heard)),
        }
    };
    let before = quiet(&mut child, &mut sampler, observer)?;
    let forgotten = sampler.probe().forget_peak();
    let reaped_before_s = sampler.probe().reaped_s();
    observer.begin();
    let also = |time_s| observer.sample(pid, start_unix_s + time_s);
    let (mut busy, heard) = sampler.until(child.lines(), None, || child.say(words::GO), also)?;
    observer.finish();
    let kernel_peak = if forgotten { sampler.probe().peak_bytes() } else { None };
    let reaped_s = sampler.probe().reaped_s() - reaped_before_s;
    let Some(Ok(report)) = heard.as_deref().map(serde_json::from_str::<ChildReport>) else {
        return Err(child.unexpected(heard));
    };
    if let (Some(exact_s), Some(last)) = (report.reaped_cpu_s, busy.0.last_mut()) {
        // Whoever waited for these processes knows their time to the microsecond, where ticks have 10 ms.
        last.cpu_s += exact_s - reaped_s;
    }
    // A sample sees all processes at once, and the kernel each of them at every moment.
    let peak_bytes = kernel_peak.or_else(|| report.peak_bytes.map(|peak| peak.max(busy.peak_bytes())));
    child.say(words::REST);
    child.expect(words::REST)?;
    let after = quiet(&mut child, &mut sampler, observer)?;
    child.end()?;
    Ok(Windows { unloaded_bytes, before, busy, after, peak_bytes, report, start_unix_s })
}

/// CPU time of this process so far, in seconds, with the kernel's resolution of a microsecond.
///
/// # Errors
/// The system does not tell.
pub fn own_cpu_s() -> Result<f64> {
    cpu_s_of(UsageWho::RUSAGE_SELF)
}

/// CPU time of the children that this process has waited for, and of theirs, as [`own_cpu_s`].
///
/// # Errors
/// The system does not tell.
pub fn reaped_cpu_s() -> Result<f64> {
    cpu_s_of(UsageWho::RUSAGE_CHILDREN)
}

/// CPU time of the processes below this one, those that have ended included, in seconds.
///
/// # Errors
/// As [`Probe::below`].
pub fn below_cpu_s() -> Result<f64> {
    Ok(Probe::below(std::process::id())?.read()?.cpu_s)
}

fn cpu_s_of(who: UsageWho) -> Result<f64> {
    let usage = getrusage(who).map_err(|error| Error::new("getrusage", error, "measure again"))?;
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(micros as f64 / 1e6)
}

fn unix_s() -> Result<f64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map(|since| since.as_secs_f64()).map_err(|error| Error::new("the clock", error, "set the clock"))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    struct Nothing;

    impl Observer for Nothing {
        fn sample(&mut self, _: u32, _: f64) {}
    }

    fn measured(script: &str) -> Result<Windows> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        take_windows("a script", command, Watched::Process, Rate::of(100), Duration::from_millis(20), &mut Nothing)
    }

    /// One child runs at a time, so that this is one test.
    #[test]
    fn a_measured_process_that_speaks_otherwise_is_an_error() {
        let report = r#"{"inferences":3,"cpu_s":0.5,"reset_cpu_s":0.1}"#;
        let well =
            format!("echo started; read load; echo ready; read go; echo '{report}'; read rest; echo rest; read end");
        let windows = measured(&well).unwrap();
        let expected = ChildReport { inferences: 3, cpu_s: 0.5, reset_cpu_s: 0.1, ..ChildReport::default() };
        assert_eq!(windows.report, expected);
        assert!(windows.unloaded_bytes > 0.0);
        assert!([&windows.before, &windows.busy, &windows.after].iter().all(|trace| trace.0.len() >= 2));

        let words = |script: &str| measured(script).unwrap_err().to_string();
        insta::assert_snapshot!(words("echo hello"), @"
        a script: the measured process said `hello`, which is no part of the measurement
          help: let workloads print nothing on standard output
        ");
        insta::assert_snapshot!(words("echo no memory >&2; exit 7"), @"
        a script: the measured process ended with exit status: 7 and said:
        no memory
          help: fix the cause and rerun; earlier records are as they were
        ");
        insta::assert_snapshot!(words("echo started; read load; echo ready; read go; echo too large >&2; exit 3"), @"
        a script: the measured process ended with exit status: 3 and said:
        too large
          help: fix the cause and rerun; earlier records are as they were
        ");
        let own = r#"echo '{"place":"llm/prefill","cause":"no such file","remedy":"name another"}'"#;
        insta::assert_snapshot!(words(own), @"
        llm/prefill: no such file
          help: name another
        ");
        insta::assert_snapshot!(words("echo started; read load; echo ready; echo surprise; read end"), @"
        a script: the measured process said `surprise`, which is no part of the measurement
          help: let workloads print nothing on standard output
        ");
    }
}
