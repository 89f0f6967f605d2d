//! Child processes, with errors that say what to do.

use std::ffi::OsStr;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};

use scalegate::{Error, Result};

/// A command and its words.
pub(crate) fn command(program: impl AsRef<OsStr>, words: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
    let mut command = Command::new(program);
    command.args(words);
    command
}

/// Runs a command that has to succeed; what it prints is seen.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = status(command)?;
    if status.success() { Ok(()) } else { Err(failed(command, status)) }
}

/// Runs a command; what it prints is seen.
pub(crate) fn status(command: &mut Command) -> Result<ExitStatus> {
    command.status().map_err(|error| not_started(command, error))
}

/// Runs a command that has to succeed; what it prints is seen only if it fails.
pub(crate) fn run_quietly(command: &mut Command) -> Result<()> {
    let output = output(command)?;
    if output.status.success() {
        return Ok(());
    }
    eprint!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Err(failed(command, output.status))
}

/// What a command that has to succeed prints to standard output, without the end of its last line.
pub(crate) fn text(command: &mut Command) -> Result<String> {
    command.stderr(Stdio::inherit());
    let output = output(command)?;
    if !output.status.success() {
        return Err(failed(command, output.status));
    }
    let text = String::from_utf8(output.stdout)
        .map_err(|_| Error::new(name(command), "it printed no UTF-8 text", "look at what it prints"))?;
    Ok(text.trim_end_matches('\n').to_owned())
}

/// Runs a command to its end and keeps what it prints, but for the streams that it was given.
pub(crate) fn output(command: &mut Command) -> Result<Output> {
    command.stdin(Stdio::null());
    command.output().map_err(|error| not_started(command, error))
}

/// Whether a program can be started by its name.
pub(crate) fn is_on_path(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|directory| directory.join(program).is_file())
}

/// Fails unless a program can be started by its name.
pub(crate) fn need(program: &str, remedy: impl Display) -> Result<()> {
    if is_on_path(program) { Ok(()) } else { Err(Error::new(program, "it is not on PATH", remedy)) }
}

/// A path from the root of the file system, for a command that runs in another directory.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|error| Error::new(path.display(), error, "name another path"))
}

/// Reads a file.
pub(crate) fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|error| Error::new(path.display(), error, "make it a readable text file"))
}

/// Writes a file, with the directories above it.
pub(crate) fn write(path: &Path, content: impl AsRef<[u8]>) -> Result<()> {
    let directory = path.parent().unwrap_or(path);
    std::fs::create_dir_all(directory)
        .and_then(|()| std::fs::write(path, content))
        .map_err(|error| Error::new(path.display(), error, "make its directory writable, and make room"))
}

/// Makes a directory and those above it.
pub(crate) fn make_directory(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path)
        .map_err(|error| Error::new(path.display(), error, "name a directory that is writable"))
}

/// Removes a file or a directory with all that is in it, if it is there.
pub(crate) fn remove(path: &Path) -> Result<()> {
    let removed = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::new(path.display(), error, "remove it by hand"))
        }
        _ => Ok(()),
    }
}

/// A directory for what is needed until the end of this command.
pub(crate) fn temporary_directory() -> Result<tempfile::TempDir> {
    tempfile::tempdir()
        .map_err(|error| Error::new("a temporary directory", error, "make room in the directory for temporary files"))
}

fn name(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let line = words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
    if line.chars().count() > 120 { line.chars().take(119).chain(['…']).collect() } else { line }
}

fn not_started(command: &Command, error: std::io::Error) -> Error {
    Error::new(name(command), error, "install the program, or put it on PATH")
}

fn failed(command: &Command, status: ExitStatus) -> Error {
    Error::new(name(command), format!("it ended with {status}"), "fix what it printed above, and run this again")
}
