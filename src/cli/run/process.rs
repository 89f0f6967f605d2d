//! A process that measures, with the terminal for its messages; Ctrl-C reaches it and all that it started.

use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::measure;
use crate::{Error, Result};

/// How often it is seen to; rarely, since it measures.
const PAUSE: Duration = Duration::from_millis(50);

/// Runs `command` to its end, which Ctrl-C brings about: it then has time to tidy up.
pub(super) fn run_to_end(place: &str, mut command: Command) -> Result<ExitStatus> {
    let fail = |error: std::io::Error| Error::new(place, error, "install Rust, or put cargo on PATH");
    command.stdin(Stdio::null());
    // A group of its own, so that one signal of ours reaches whatever it has started, and the terminal's does not come twice.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().map_err(fail)?;
    let mut is_told = false;
    loop {
        if let Some(status) = child.try_wait().map_err(fail)? {
            return Ok(status);
        }
        if measure::interrupted() && !is_told {
            interrupt(&child);
            is_told = true;
        }
        std::thread::sleep(PAUSE);
    }
}

#[cfg(unix)]
fn interrupt(child: &Child) {
    use nix::sys::signal::{Signal, killpg};
    use nix::unistd::Pid;

    if let Ok(group) = i32::try_from(child.id()) {
        // It may have ended by itself.
        let _ = killpg(Pid::from_raw(group), Signal::SIGINT);
    }
}

/// The console has told it.
#[cfg(not(unix))]
fn interrupt(_: &Child) {}
