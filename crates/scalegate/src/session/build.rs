//! The bench targets of the package in the working directory, built by Cargo.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::package::{CargoTarget, cargo, read_executable};
use crate::bench::TARGET_MARK;
use crate::{Error, Result, measure};

/// What `cargo bench --no-run` says of a target; its other messages lack one of these.
#[derive(Deserialize)]
struct Message {
    target: CargoTarget,
    executable: Option<PathBuf>,
    manifest_path: PathBuf,
}

/// An executable of a bench target, with the directory that Cargo would start it in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Executable {
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
    let mut cargo = cargo();
    // What is checked out is no repository; git would find that around it.
    let ceiling = target.parent().unwrap_or(target);
    cargo.current_dir(directory).env("CARGO_TARGET_DIR", target).env("GIT_CEILING_DIRECTORIES", ceiling);
    built_by(cargo)
}

fn built_by(mut cargo: Command) -> Result<Vec<Executable>> {
    cargo.args(["bench", "--no-run", "--message-format=json-render-diagnostics"]);
    cargo.stdin(Stdio::null()).stderr(Stdio::inherit());
    measure::end_with_this_process(&mut cargo);
    let output =
        cargo.output().map_err(|error| Error::new("cargo bench", error, "install Rust, or put cargo on PATH"))?;
    if measure::interrupted() {
        return Err(measure::interruption());
    }
    if !output.status.success() {
        let cause = format!("the bench targets don't build: it ended with {}", output.status);
        return Err(Error::new("cargo bench --no-run", cause, "fix what it said above, and rerun"));
    }
    let mut found = Vec::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Ok(message) = serde_json::from_str::<Message>(line) else { continue };
        let is_bench = message.target.kind.iter().any(|kind| kind == "bench");
        let (Some(path), true, Some(directory)) = (message.executable, is_bench, message.manifest_path.parent()) else {
            continue;
        };
        if is_marked(&path)? {
            found.push(Executable { path, directory: directory.to_path_buf() });
        }
    }
    Ok(found)
}

/// Whether an executable is a bench target of this crate: others may start to measure when they are asked.
fn is_marked(path: &Path) -> Result<bool> {
    let content = read_executable(path)?;
    Ok(content.windows(TARGET_MARK.len()).any(|window| window == TARGET_MARK))
}
