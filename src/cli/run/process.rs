//! A process that measures, with the terminal for its messages; Ctrl-C reaches it and all that it started.

use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::measure;
use crate::{Error, Result};

/// How often it is seen to; rarely, since it measures.
const PAUSE: Duration = Duration::from_millis(50);

/// Who hears of Ctrl-C.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// The process, which ends what it has started by itself.
    Alone,
    /// Whatever it has started too, as Cargo ends and leaves it behind.
    Group,
}

/// Runs `command` to its end, which Ctrl-C brings about: it then has time to tidy up.
pub(super) fn run_to_end(place: &str, mut command: Command, told: Told) -> Result<ExitStatus> {
    let fail = |error: std::io::Error| Error::new(place, error, "install Rust, or put cargo on PATH");
    command.stdin(Stdio::null());
    // A group of its own, so that the terminal's signal does not come beside ours.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().map_err(fail)?;
    let mut is_told = false;
    loop {
        if let Some(status) = child.try_wait().map_err(fail)? {
            return Ok(status);
        }
        if measure::interrupted() && !is_told {
            interrupt(&child, told);
            is_told = true;
        }
        std::thread::sleep(PAUSE);
    }
}

#[cfg(unix)]
fn interrupt(child: &Child, told: Told) {
    use nix::sys::signal::{Signal, kill, killpg};
    use nix::unistd::Pid;

    let Ok(id) = i32::try_from(child.id()) else { return };
    // It may have ended by itself.
    let _ = match told {
        Told::Alone => kill(Pid::from_raw(id), Signal::SIGINT),
        Told::Group => killpg(Pid::from_raw(id), Signal::SIGINT),
    };
}

/// The console has told it.
#[cfg(not(unix))]
fn interrupt(_: &Child, _: Told) {}
