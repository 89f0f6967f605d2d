//! Copies of a process that has loaded its model, each of which goes on by itself.

use crate::{Error, Result};

/// Whether this process can be copied: fork(2) takes the calling thread and no other, and what the others hold stays locked.
pub(crate) fn can_be_copied() -> bool {
    cfg!(target_os = "linux") && std::fs::read_dir("/proc/self/task").is_ok_and(|threads| threads.count() == 1)
}

/// Runs `work` in a copy of this process, which ends with the exit code that it gives; gives the copy's id after that. If the copy does
/// not end well, this process ends in the same way.
///
/// # Errors
/// There is no copy, as where the system has no room for one more process.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "fork(2) copies one thread of a process")]
pub(crate) fn in_a_copy(work: impl FnOnce() -> u8) -> Result<u32> {
    use nix::sys::signal::raise;
    use nix::sys::wait::{WaitStatus, waitpid};
    use nix::unistd::{ForkResult, fork};

    let fail = |cause: nix::Error| {
        Error::new("a copy of the measured process", cause, "end other programs, or raise `ulimit -u`, and rerun")
    };
    let parent = std::process::id();
    // SAFETY: this process has one thread (see `can_be_copied`), so that the copy may do all that it may do.
    match unsafe { fork() }.map_err(fail)? {
        ForkResult::Child => {
            super::end_with_parent(parent);
            std::process::exit(i32::from(work()))
        }
        ForkResult::Parent { child } => match waitpid(child, None).map_err(fail)? {
            WaitStatus::Exited(_, 0) => Ok(child.as_raw().unsigned_abs()),
            WaitStatus::Exited(_, code) => std::process::exit(code),
            WaitStatus::Signaled(_, signal, _) => {
                // The driver says how this process ended, which is how its copy did.
                let _ = raise(signal);
                std::process::exit(2)
            }
            _ => std::process::exit(2),
        },
    }
}

/// As on Linux, which alone has Valgrind to count below.
///
/// # Errors
/// Always.
#[cfg(not(target_os = "linux"))]
pub(crate) fn in_a_copy(_: impl FnOnce() -> u8) -> Result<u32> {
    Err(Error::new("a copy of the measured process", "this system makes none here", "count one size at a time"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_with_a_second_thread_cannot_be_copied() {
        let (release, wait) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || wait.recv().is_err());
        assert!(!can_be_copied());
        drop(release);
        assert!(thread.join().unwrap());
    }
}
