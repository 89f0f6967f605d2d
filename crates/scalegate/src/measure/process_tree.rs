//! Programs with all that they start: run to the end of the last of their processes, and ended if they don't end by themselves.
//!
//! On Linux the process that measures adopts what outlives its parent (prctl(2), `PR_SET_CHILD_SUBREAPER`), so that it waits for every
//! process below it and is told what they have used. Elsewhere a process that outlives its parent is the system's: it is neither
//! waited for nor accounted. What a parent does not wait for, since it ignores SIGCHLD, the kernel accounts nowhere.
#![expect(unsafe_code, reason = "there is no safe wrapper of wait4(2)")]

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::descendants::descendants;

/// How long processes may go on after the command that they belong to: what takes longer is a daemon.
pub(crate) const LINGER: Duration = Duration::from_secs(10);

/// How often the watch looks whether the time is over: so seldom that what is measured meanwhile is not disturbed.
const WATCH_PERIOD: Duration = Duration::from_millis(100);

/// How often processes are ended that may start others.
const KILL_PERIOD: Duration = Duration::from_millis(2);

/// What a program and all that it started came to.
#[derive(Debug)]
pub(crate) struct TreeEnded {
    pub(crate) end: End,
    /// From just before the start to the end of the last process.
    pub(crate) wall_s: f64,
    /// The largest resident memory of any one of the processes.
    pub(crate) peak_bytes: f64,
}

/// How a program ended.
#[derive(Debug)]
pub(crate) enum End {
    /// By itself, and so did all that it started, unless it failed.
    Status(ExitStatus),
    /// It was ended since its time was over.
    TimedOut,
    /// It ended with success and left these running, as `name (pid)`, which were ended then.
    Left(Vec<String>),
}

/// Makes this process the parent of every process below it whose own parent ends.
pub(crate) fn adopt_orphans() {
    #[cfg(target_os = "linux")]
    {
        // Kernels before 3.4 know no adoption; then orphans are the system's, as elsewhere.
        let _ = nix::sys::prctl::set_child_subreaper(true);
        // A system without memory is to end what is measured, and not who keeps the record (proc_pid_oom_score_adj(5)).
        let _ = std::fs::write("/proc/self/oom_score_adj", "500");
    }
}

/// While this lives, processes that leave their group are children of this process at the latest when their worker has ended; with it, they end.
pub(crate) struct Adopted(());

impl Adopted {
    pub(crate) fn new() -> Self {
        #[cfg(target_os = "linux")]
        // As above.
        let _ = nix::sys::prctl::set_child_subreaper(true);
        Self(())
    }
}

impl Drop for Adopted {
    fn drop(&mut self) {
        end_descendants();
    }
}

/// Ends all processes below this one.
pub(crate) fn end_descendants() {
    // Each that ends may leave its children to this process.
    loop {
        kill(&descendants(std::process::id()));
        if wait_for_any().is_none() {
            break;
        }
    }
}

/// Runs `command` to the end of all its processes. This process may have no other child.
///
/// # Errors
/// The program could not be started.
pub(crate) fn run_tree(command: &mut Command, timeout: Duration) -> std::io::Result<TreeEnded> {
    let start = Instant::now();
    // It is waited for below, with all others.
    let root = command.spawn()?.id();
    let watch = Watch::start(timeout);
    let (mut status, mut peak_bytes) = (None, 0.0_f64);
    while let Some(ended) = wait_for_any() {
        peak_bytes = peak_bytes.max(ended.peak_bytes);
        if ended.pid == root && watch.is_waiting() {
            status = Some(ended.status);
            // Nobody waits for what a program leaves that has failed.
            let limit = if ended.status.success() { LINGER } else { Duration::ZERO };
            watch.change(timeout.saturating_sub(start.elapsed()).min(limit));
        }
    }
    let wall_s = start.elapsed().as_secs_f64();
    let end = match (status, watch.stop()) {
        // What failed is told by how it failed: it may have had no time to end what it had started.
        (Some(status), Some(names)) if status.success() => End::Left(names),
        (Some(status), _) => End::Status(status),
        (None, _) => End::TimedOut,
    };
    Ok(TreeEnded { end, wall_s, peak_bytes })
}

/// A child that has ended.
struct Ended {
    pid: u32,
    status: ExitStatus,
    /// The largest resident memory of it and of the children that it has waited for.
    peak_bytes: f64,
}

/// Bytes of the unit of `ru_maxrss`.
const MAXRSS_BYTES: f64 = if cfg!(target_vendor = "apple") { 1.0 } else { 1024.0 };

/// Waits for the end of any child; `None` if there is none.
fn wait_for_any() -> Option<Ended> {
    loop {
        let mut status = 0;
        // SAFETY: a struct of numbers, for which zeros are values.
        let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
        // SAFETY: it writes to the two places that it is given, which live for longer than the call.
        let pid = unsafe { libc::wait4(-1, &raw mut status, 0, &raw mut usage) };
        if let Ok(pid) = u32::try_from(pid) {
            return Some(Ended {
                pid,
                status: ExitStatus::from_raw(status),
                peak_bytes: usage.ru_maxrss as f64 * MAXRSS_BYTES,
            });
        }
        // A signal came first.
        if std::io::Error::last_os_error().raw_os_error() != Some(libc::EINTR) {
            return None;
        }
    }
}

/// Ends the processes below this one when their time is over. There is one thread for all runs, so that a run starts none.
struct Watch(&'static Mutex<State>);

struct State {
    deadline: Option<Instant>,
    /// What was running when the time was over.
    ended: Option<Vec<String>>,
    has_thread: bool,
}

impl Watch {
    fn start(timeout: Duration) -> Self {
        static STATE: Mutex<State> = Mutex::new(State { deadline: None, ended: None, has_thread: false });
        let watch = Self(&STATE);
        let mut state = watch.state();
        state.deadline = Instant::now().checked_add(timeout);
        state.ended = None;
        if !std::mem::replace(&mut state.has_thread, true) {
            std::thread::spawn(|| Self(&STATE).run());
        }
        watch
    }

    fn state(&self) -> MutexGuard<'static, State> {
        // It is whole after every statement.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_waiting(&self) -> bool {
        self.state().ended.is_none()
    }

    fn change(&self, timeout: Duration) {
        self.state().deadline = Instant::now().checked_add(timeout);
    }

    /// What was ended, if anything was.
    fn stop(&self) -> Option<Vec<String>> {
        let mut state = self.state();
        state.deadline = None;
        state.ended.take()
    }

    fn run(&self) {
        loop {
            let period = if self.end_what_is_late() { KILL_PERIOD } else { WATCH_PERIOD };
            std::thread::sleep(period);
        }
    }

    /// Whether the time is over.
    fn end_what_is_late(&self) -> bool {
        let mut state = self.state();
        let is_over = state.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        if is_over {
            let running = descendants(std::process::id());
            let names = || running.iter().map(|pid| format!("{} ({pid})", name(*pid))).collect();
            state.ended.get_or_insert_with(names);
            kill(&running);
        }
        is_over
    }
}

fn kill(pids: &[u32]) {
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    for pid in pids.iter().filter_map(|pid| i32::try_from(*pid).ok()) {
        // It may have ended by itself.
        let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
    }
}

/// What a process is called; `?` if it is gone.
fn name(pid: u32) -> String {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm"));
    name.map_or_else(|_| "?".to_owned(), |name| name.trim_end().to_owned())
}
