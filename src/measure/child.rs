//! A child process whose lines are read as they come, and which Ctrl-C ends.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

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
    let fail = |error: std::io::Error| {
        Error::new(place, error, "mend the cause and measure again; earlier records are as they were")
    };
    if interrupted() {
        return Err(interruption());
    }
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(fail)?;
    // Standard error is drained beside standard output: a full pipe would stop the child.
    let errors = child.stderr.take().map(|mut stream| {
        std::thread::spawn(move || {
            let mut text = String::new();
            // What cannot be read is missing from a message, and nowhere else.
            let _ = stream.read_to_string(&mut text);
            text
        })
    });
    let output = child.stdout.take();
    *current_child() = Some(child);
    // Ctrl-C may have come while there was no child to end yet.
    if interrupted() {
        kill_child();
    }
    for line in output.into_iter().flat_map(|stream| BufReader::new(stream).lines()) {
        progress(&line.map_err(fail)?);
    }
    let status = wait_for_child().map_err(fail)?;
    let errors = errors.and_then(|thread| thread.join().ok()).unwrap_or_default();
    if interrupted() {
        return Err(interruption());
    }
    Ok(Ended { status, errors })
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

fn kill_child() {
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
