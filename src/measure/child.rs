//! A child process whose lines are read as they come, and which Ctrl-C ends.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::thread::JoinHandle;

use crate::{Error, Result};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// The child that is running, where Ctrl-C can reach it.
static CHILD: Mutex<Option<Child>> = Mutex::new(None);

/// How a child ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// What it said on standard error.
    pub(crate) errors: String,
}

/// Runs `command` to its end and calls `progress` with each line of its standard output. One child runs at a time.
///
/// # Errors
/// The child could not be run, or Ctrl-C came; `place` is what a message names.
pub(crate) fn run_child(place: &str, mut command: Command, mut progress: impl FnMut(&str)) -> Result<Ended> {
    let Running { output, errors, .. } = start_child(place, command.stdin(Stdio::null()))?;
    for line in BufReader::new(output).lines() {
        progress(&line.map_err(|error| fault(place, &error))?);
    }
    end_child(place, errors)
}

/// A child that has been started.
pub(super) struct Running {
    pub(super) pid: u32,
    /// Only if the command pipes its standard input.
    pub(super) input: Option<ChildStdin>,
    pub(super) output: ChildStdout,
    pub(super) errors: Errors,
}

/// What a child says on standard error. It is drained beside standard output: a full pipe would stop the child.
pub(super) type Errors = JoinHandle<String>;

/// Starts `command`, whose standard input is the caller's matter.
///
/// # Errors
/// As [`run_child`].
pub(super) fn start_child(place: &str, command: &mut Command) -> Result<Running> {
    if interrupted() {
        return Err(interruption());
    }
    let fail = |error: std::io::Error| fault(place, &error);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(fail)?;
    let unpiped = || fail(std::io::Error::other("its output is not piped"));
    let mut stream = child.stderr.take().ok_or_else(unpiped)?;
    let errors = std::thread::spawn(move || {
        let mut text = String::new();
        // What cannot be read is missing from a message, and nowhere else.
        let _ = stream.read_to_string(&mut text);
        text
    });
    let output = child.stdout.take().ok_or_else(unpiped)?;
    let (pid, input) = (child.id(), child.stdin.take());
    *current_child() = Some(child);
    // Ctrl-C may have come while there was no child to end yet.
    if interrupted() {
        kill_child();
    }
    Ok(Running { pid, input, output, errors })
}

/// Waits for the end of the child that was started.
///
/// # Errors
/// As [`run_child`].
pub(super) fn end_child(place: &str, errors: Errors) -> Result<Ended> {
    let status = wait_for_child().map_err(|error| fault(place, &error))?;
    let errors = errors.join().unwrap_or_default();
    if interrupted() {
        return Err(interruption());
    }
    Ok(Ended { status, errors })
}

fn fault(place: &str, error: &std::io::Error) -> Error {
    Error::new(place, error, "mend the cause and measure again; earlier records are as they were")
}

fn interruption() -> Error {
    Error::new("interrupted", "Ctrl-C ended the run", "start it again; earlier records are as they were")
}

/// Whether Ctrl-C came.
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

fn current_child() -> MutexGuard<'static, Option<Child>> {
    // A child handle has no state that a panic could leave half-changed.
    CHILD.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wait_for_child() -> std::io::Result<ExitStatus> {
    match current_child().take() {
        Some(mut child) => child.wait(),
        None => Err(std::io::Error::other("its process is gone")),
    }
}

pub(super) fn kill_child() {
    if let Some(child) = current_child().as_mut() {
        // It may have ended by itself: a terminal sends Ctrl-C to it as well.
        let _ = child.kill();
    }
}

/// From here on Ctrl-C ends the child, and lets this process tidy up instead of ending on the spot.
pub fn watch_for_ctrl_c() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let handler = || {
            INTERRUPTED.store(true, Ordering::SeqCst);
            kill_child();
        };
        if let Err(error) = ctrlc::set_handler(handler) {
            eprintln!("note: Ctrl-C will leave temporary files behind: {error}");
        }
    });
}
