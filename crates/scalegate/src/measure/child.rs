//! Child processes: their lines are read as they come, Ctrl-C and SIGTERM end them, and none outlives its parent.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::thread::JoinHandle;

use super::group;
use crate::{Error, Result};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// The children that are running, where Ctrl-C can reach them.
static CHILDREN: Mutex<BTreeMap<u64, Child>> = Mutex::new(BTreeMap::new());

/// How a child ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// What it said on standard error.
    pub(crate) errors: String,
}

/// Runs `command` to its end and calls `progress` with each line of its standard output.
///
/// # Errors
/// The child could not be run, or Ctrl-C came; `place` is what a message names.
pub(crate) fn run_child(place: &str, mut command: Command, mut progress: impl FnMut(&str)) -> Result<Ended> {
    let Running { id, output, errors, .. } = start_child(place, command.stdin(Stdio::null()))?;
    for line in BufReader::new(output).lines() {
        progress(&line.map_err(|error| fault(place, &error))?);
    }
    end_child(place, id, errors)
}

/// A child that has been started.
pub(super) struct Running {
    /// Names it to [`end_child`] and [`kill_child`].
    pub(super) id: u64,
    pub(super) pid: u32,
    /// Only if the command pipes its standard input.
    pub(super) input: Option<ChildStdin>,
    pub(super) output: ChildStdout,
    pub(super) errors: Errors,
}

/// What a child says on standard error. It is drained while standard output is: a full pipe would stop the child.
pub(super) type Errors = JoinHandle<String>;

/// Starts `command`, whose standard input is the caller's matter.
///
/// # Errors
/// As [`run_child`].
pub(super) fn start_child(place: &str, command: &mut Command) -> Result<Running> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
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
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    children().insert(id, child);
    // Ctrl-C may have come while there was no child to end yet.
    if interrupted() {
        kill_child(id);
    }
    Ok(Running { id, pid, input, output, errors })
}

/// Waits for the end of the child that was started.
///
/// # Errors
/// As [`run_child`].
pub(super) fn end_child(place: &str, id: u64, errors: Errors) -> Result<Ended> {
    let child = children().remove(&id);
    let waited = child.map_or_else(|| Err(std::io::Error::other("its process is gone")), |mut child| child.wait());
    let status = waited.map_err(|error| fault(place, &error))?;
    let errors = errors.join().unwrap_or_default();
    if interrupted() {
        return Err(interruption());
    }
    Ok(Ended { status, errors })
}

/// For a process that does not do what the driver asks of it.
pub(crate) const OTHER_VERSION: &str = concat!(
    "let the bench target depend on the scalegate of the command, ",
    env!("CARGO_PKG_VERSION"),
    "; if that is so, its `main` has to end with `run()`"
);

/// What became of a measured process, with its last words.
pub(crate) fn how_it_ended(how: &str, errors: &str) -> String {
    match errors.trim_end() {
        "" => format!("the measured process {how} and said nothing"),
        errors => format!("the measured process {how} and said:\n{errors}"),
    }
}

fn fault(place: &str, error: &std::io::Error) -> Error {
    Error::new(place, error, "fix the cause and rerun; earlier records are as they were")
}

/// The error of everything that Ctrl-C ended.
pub(crate) fn interruption() -> Error {
    Error::new("interrupted", "Ctrl-C ended the run", "start it again; earlier records are as they were")
}

/// Whether Ctrl-C or SIGTERM came.
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

fn children() -> MutexGuard<'static, BTreeMap<u64, Child>> {
    // A child handle has no state that a panic could leave half-changed.
    CHILDREN.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn kill_child(id: u64) {
    if let Some(child) = children().get_mut(&id) {
        // It may have ended by itself: a terminal sends Ctrl-C to it as well.
        let _ = child.kill();
    }
}

/// From here on Ctrl-C and SIGTERM end the children, and let this process tidy up instead of ending on the spot.
pub fn watch_for_ctrl_c() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let handler = || {
            INTERRUPTED.store(true, Ordering::SeqCst);
            for child in children().values_mut() {
                let _ = child.kill();
            }
            group::kill();
        };
        if let Err(error) = ctrlc::set_handler(handler) {
            eprintln!("note: Ctrl-C will leave temporary files behind: {error}");
        }
    });
}

/// Has the system end this process when its parent ends, however that comes about; `parent` is the parent's id.
///
/// Linux does this by a signal (prctl(2), `PR_SET_PDEATHSIG`). Elsewhere a thread looks for it; not yet run there.
pub(crate) fn end_with_parent(parent: u32) {
    #[cfg(target_os = "linux")]
    {
        // A kernel that refuses leaves a process that ends by itself when its work is done.
        let _ = nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL);
        // The parent may have gone before.
        if u32::try_from(nix::unistd::getppid().as_raw()) != Ok(parent) {
            std::process::exit(2);
        }
    }
    #[cfg(all(unix, not(target_os = "linux")))]
    std::thread::spawn(move || {
        while u32::try_from(nix::unistd::getppid().as_raw()) == Ok(parent) {
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
        std::process::exit(2);
    });
    #[cfg(not(unix))]
    let _ = parent;
}
