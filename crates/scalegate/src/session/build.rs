//! The bench targets of the package in the working directory, built by Cargo.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::package::{CargoTarget, Workspace, cargo, read_executable};
use crate::bench::TARGET_MARK;
use crate::{Error, Result, measure};

/// What Cargo says of a target; its other messages lack one of these.
#[derive(Deserialize)]
struct Message {
    target: CargoTarget,
    executable: Option<PathBuf>,
    manifest_path: PathBuf,
}

/// An executable of a bench target, with the directory that Cargo would start it in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Executable {
    /// The name of the target.
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) directory: PathBuf,
}

/// Builds the bench targets, and gives those that are made with this crate.
///
/// # Errors
/// They don't build; Cargo has said why.
pub(super) fn build() -> Result<Vec<Executable>> {
    built_by(cargo())
}

/// The same for the package in `directory`, with a target directory of its own.
///
/// # Errors
/// As [`build`].
pub(super) fn build_in(directory: &Path, target: &Path) -> Result<Vec<Executable>> {
    built_by(in_place(directory, target))
}

/// The same, each linked by another linker with a further argument; or what Cargo said where that cannot be done, of which the linker may be the
/// cause or the sources.
///
/// # Errors
/// Ctrl-C, or no Cargo.
pub(super) fn build_with_linker(
    directory: &Path,
    target: &Path,
    linker: &Path,
    argument: &str,
) -> Result<std::result::Result<Vec<Executable>, String>> {
    let Ok(workspace) = Workspace::at(directory) else { return Ok(Err("cargo metadata failed".to_owned())) };
    let mut found = Vec::new();
    for (package, name) in workspace.bench_targets_of(directory) {
        let mut cargo = in_place(&package, target);
        cargo.args(["rustc", "--profile", "bench", "--bench", &name, MESSAGES, "--"]);
        cargo.arg("-C").arg(format!("linker={}", linker.display())).arg("-C").arg(format!("link-arg={argument}"));
        let (output, errors) = run_until_error(cargo)?;
        // `cargo bench` leaves those out too.
        if errors.contains("requires the features") {
            continue;
        }
        if !output.status.success() {
            return Ok(Err(errors));
        }
        for executable in messages(&output.stdout) {
            if is_marked(&executable.path)? {
                found.push(executable);
            }
        }
    }
    Ok(Ok(found))
}

/// Cargo for a package that was checked out at a place of its own.
fn in_place(directory: &Path, target: &Path) -> Command {
    let mut cargo = cargo();
    // What is checked out is no repository; git would find that around it.
    let ceiling = target.parent().unwrap_or(target);
    cargo.current_dir(directory).env("CARGO_TARGET_DIR", target).env("GIT_CEILING_DIRECTORIES", ceiling);
    cargo
}

const MESSAGES: &str = "--message-format=json-render-diagnostics";

fn built_by(mut cargo: Command) -> Result<Vec<Executable>> {
    cargo.args(["bench", "--no-run", MESSAGES]).stderr(Stdio::inherit());
    let output = run(cargo)?;
    if !output.status.success() {
        let cause = format!("the bench targets don't build: it ended with {}", output.status);
        return Err(Error::new("cargo bench --no-run", cause, "fix what it said above, and rerun"));
    }
    let mut found = Vec::new();
    for executable in messages(&output.stdout) {
        if is_marked(&executable.path)? {
            found.push(executable);
        }
    }
    Ok(found)
}

/// Runs Cargo to its end, which comes with that of this process.
fn run(mut cargo: Command) -> Result<std::process::Output> {
    measure::end_with_this_process(cargo.stdin(Stdio::null()));
    let output = cargo.output().map_err(|error| Error::new("cargo", error, "install Rust, or put cargo on PATH"))?;
    if measure::interrupted() { Err(measure::interruption()) } else { Ok(output) }
}

/// The same, while what it says on standard error is passed on up to the first error, which is the caller's.
fn run_until_error(mut cargo: Command) -> Result<(std::process::Output, String)> {
    measure::end_with_this_process(cargo.stdin(Stdio::null()));
    let fail = |error: std::io::Error| Error::new("cargo", error, "install Rust, or put cargo on PATH");
    let mut child = cargo.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(fail)?;
    let said = child.stderr.take();
    let listener = std::thread::spawn(move || {
        let mut errors = String::new();
        for line in said.into_iter().flat_map(|said| BufReader::new(said).lines()).map_while(std::result::Result::ok) {
            if errors.is_empty() && !line.starts_with("error") {
                eprintln!("{line}");
            } else {
                errors.push_str(&line);
                errors.push('\n');
            }
        }
        errors
    });
    let output = child.wait_with_output().map_err(fail)?;
    let errors = listener.join().unwrap_or_default();
    if measure::interrupted() { Err(measure::interruption()) } else { Ok((output, errors)) }
}

/// The executables of bench targets that Cargo tells of.
fn messages(output: &[u8]) -> impl Iterator<Item = Executable> {
    let text = String::from_utf8_lossy(output).into_owned();
    let all: Vec<Message> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    all.into_iter().filter_map(|message| {
        let path = message.executable.filter(|_| message.target.is_bench())?;
        Some(Executable { name: message.target.name, path, directory: message.manifest_path.parent()?.to_path_buf() })
    })
}

/// Whether an executable is a bench target of this crate: others may start to measure when they are asked.
fn is_marked(path: &Path) -> Result<bool> {
    let content = read_executable(path)?;
    Ok(content.windows(TARGET_MARK.len()).any(|window| window == TARGET_MARK))
}
