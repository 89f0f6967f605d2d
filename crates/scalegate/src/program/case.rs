//! A program at one size: its files, made once, and its runs.

use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use walkdir::WalkDir;

use super::command::{Line, Output};
use super::result::Reader;
use crate::{Error, Prepared, Result, bounded};

/// The most that is read of what a program prints.
const MAX_OUTPUT: u64 = 16 << 20;

/// A program that is ready to run at one size.
pub(super) struct Case {
    pub(super) command: Line,
    pub(super) startup: Option<Line>,
    pub(super) output: Output,
    pub(super) result: Option<Reader>,
    pub(super) timeout: Duration,
    pub(super) inputs: Inputs,
    /// How long the start-up before the next run took, or why it failed.
    pub(super) started: Option<Result<f64>>,
    pub(super) last: Option<Last>,
}

/// What the last run came to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Last {
    wall_s: f64,
    startup_s: Option<f64>,
    peak_bytes: f64,
}

/// The files that a case is run on, as `setup` left them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Inputs {
    directory: PathBuf,
    files: Vec<InputFile>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct InputFile {
    path: PathBuf,
    bytes: u64,
    modified_ns: u128,
}

impl Inputs {
    /// All files below a directory.
    pub(super) fn within(directory: &Path) -> Self {
        let entries = WalkDir::new(directory).sort_by_file_name().into_iter().filter_map(std::result::Result::ok);
        let files = entries.filter(|entry| entry.file_type().is_file()).filter_map(|entry| InputFile::of(entry.path()));
        Self { directory: directory.to_path_buf(), files: files.collect() }
    }

    /// # Errors
    /// One of the files is another one than before.
    fn check(&self) -> Result<()> {
        let changed = self.files.iter().find(|file| InputFile::of(&file.path).as_ref() != Some(*file));
        changed.map_or(Ok(()), |file| {
            let name = file.path.strip_prefix(&self.directory).unwrap_or(&file.path);
            Err(Error::new(
                format!("{{work}}/{}", name.display()),
                "the command changed its own input, so that its runs are not alike",
                "have it write to another file of `{work}`, or work on a copy",
            ))
        })
    }
}

impl InputFile {
    fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        let modified_ns = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?.as_nanos();
        Some(Self { path: path.to_path_buf(), bytes: metadata.len(), modified_ns })
    }
}

impl Prepared for Case {
    /// The start-up comes right before the run that it is subtracted from, so that both meet the same machine.
    fn reset(&mut self) {
        let run = |line: &Line| line.run(&Output { out: None, ..self.output.clone() }, self.timeout);
        let startup = self.startup.as_ref().map(|line| run(line).map(|ended| ended.wall_s));
        self.started = startup.map(|startup| startup.map_err(|error| error.context("`startup`")));
    }

    fn run(&mut self) -> Result<()> {
        self.last = None;
        let startup_s = self.started.take().transpose()?;
        let ended = self.command.run(&self.output, self.timeout)?;
        self.inputs.check()?;
        let wall_s = match (&self.result, &self.output.out) {
            (Some(reader), Some(out)) => self.reported(reader, out)?,
            _ => ended.wall_s,
        };
        self.last = Some(Last { wall_s, startup_s, peak_bytes: ended.peak_bytes });
        Ok(())
    }

    fn reported_s(&self) -> Option<f64> {
        self.last.map(|last| last.wall_s)
    }

    fn startup_s(&self) -> Option<f64> {
        self.last?.startup_s
    }

    fn peak_bytes(&self) -> Option<f64> {
        self.last.map(|last| last.peak_bytes)
    }
}

impl Case {
    fn reported(&self, reader: &Reader, out: &Path) -> Result<f64> {
        let fail = |cause: String| Error::new(&self.command, cause, "correct `result`, or have the program print it");
        let text = bounded::text(out, MAX_OUTPUT).map_err(|error| fail(format!("its output: {error}")))?;
        reader.seconds(&text).map_err(fail)
    }
}
